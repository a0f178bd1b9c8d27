/** The two bodies of a batch: one JSON object, or one task per line with the other fields in the query. */
import { Value } from "@sinclair/typebox/value";
import { batchLimits, taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { BatchHead as Head, JsonBatch } from "../../shared/task/batch.ts";
import { type Line, readLines } from "../../shared/text/lines.ts";
import {
  bodyChunks,
  decodeText,
  isUncompressed,
  mediaType,
  readBytes,
  tooLarge,
  unsupportedType,
} from "../http/body.ts";
import { parseJson } from "../http/json_text.ts";
import type { Detail, Problem } from "../http/problem.ts";
import { checkDefaults } from "../tasks/check/check.ts";
import { explain } from "../tasks/check/explain.ts";
import { joinPath } from "../tasks/check/field_path.ts";
import type { BatchHead } from "./accept.ts";
import { type Entry, longLine } from "./batch_input.ts";

/** Two levels deeper than a task: its list, and the object around the list. */
export const jsonDepthMax = taskLimits.jsonDepthMax + 2;

export interface BatchBody {
  head: BatchHead;
  entries: AsyncIterable<Entry>;
  /** If true, the tasks are only checked, and nothing is accepted. */
  dryRun: boolean;
}

export async function readBatchBody(
  request: Request,
  url: URL,
): Promise<Result<BatchBody, Problem>> {
  const type = isUncompressed(request) ? mediaType(request) : null;
  if (type === "application/json") return readJsonBatch(request, url);
  if (type === "application/x-ndjson" || type === "application/jsonl") {
    return readLineBatch(request, url);
  }
  return unsupportedType(request, ["application/json", "application/x-ndjson"]);
}

async function readJsonBatch(request: Request, url: URL): Promise<Result<BatchBody, Problem>> {
  const dryRun = readDryRun(url.searchParams);
  if (!dryRun.ok) return dryRun;
  const bytes = await readBytes(
    request,
    batchLimits.jsonBytesMax,
    `send it as application/x-ndjson, one task per line, up to ${batchLimits.ndjsonBytesMax.toLocaleString("en")} bytes`,
  );
  if (!bytes.ok) return bytes;
  const text = decodeText(bytes.value);
  if (!text.ok) return text;
  const body = parseJson(text.value, jsonDepthMax);
  return body.ok ? parseBatch(body.value, dryRun.value) : body;
}

/** A batch as one value: `{defaults?, tasks, …}`. `isDryRun` is what the query says. */
export function parseBatch(value: unknown, isDryRun = false): Result<BatchBody, Problem> {
  if (!Value.Check(JsonBatch, value)) return err(headProblem(explain(JsonBatch, value)));
  const { tasks, template, ...rest } = value;
  const head = checkHead(rest);
  if (!head.ok) return head;
  const dryRun = isDryRun || rest.dry_run === true;
  if (template === undefined) {
    if (tasks === undefined) return err(headProblem([noTasks]));
    return ok({ head: head.value, entries: listEntries(tasks), dryRun });
  }
  const fault = tasks !== undefined ? tasksAndTemplate : findTemplateFault(rest, dryRun);
  if (fault !== undefined) return err(headProblem([fault]));
  return ok({ head: { ...head.value, template }, entries: listEntries([]), dryRun });
}

/** The query of a JSON body has this field only. A typing error is rejected: it may have meant that nothing runs. */
function readDryRun(query: URLSearchParams): Result<boolean, Problem> {
  let dryRun = false;
  for (const [name, value] of query) {
    if (name === "dry_run" && (value === "true" || value === "false")) dryRun = value === "true";
    else {
      const message =
        name === "dry_run"
          ? "write true or false"
          : "unknown: with a JSON body the query may have only `dry_run`, and all other fields belong in the body";
      return err(headProblem([{ path: name, message }]));
    }
  }
  return ok(dryRun);
}

const noTasks: Detail = {
  path: "tasks",
  message: 'is missing: write a list of tasks, or "after" and "template"',
};
const tasksAndTemplate: Detail = {
  path: "template",
  message: 'makes tasks from the results of another batch: write either "tasks" or "template"',
};

/** A template is filled with the results of another batch only, and has no defaults. */
function findTemplateFault(
  rest: { after?: unknown; defaults?: object },
  dryRun: boolean,
): Detail | undefined {
  if (dryRun) {
    const message =
      "makes its tasks when the other batch is finished, so a dry run cannot check them: for the dry run, send example tasks in place of the template";
    return { path: "template", message };
  }
  if (rest.after === undefined) {
    const message =
      'is missing: name the batch whose results fill the template, {"batch": "batch_…"}';
    return { path: "after", message };
  }
  if (rest.defaults === undefined) return undefined;
  return {
    path: "defaults",
    message: "cannot be used with a template: write them in the template",
  };
}

async function* listEntries(tasks: readonly unknown[]): AsyncGenerator<Entry> {
  for (const task of tasks) yield { line: null, body: ok(task) };
}

async function readLineBatch(request: Request, url: URL): Promise<Result<BatchBody, Problem>> {
  if (Number(request.headers.get("content-length") ?? 0) > batchLimits.ndjsonBytesMax) {
    return tooManyBytes();
  }
  const rest: Record<string, unknown> = {};
  const details: Detail[] = [];
  for (const [name, value] of url.searchParams) {
    const parsed = parseJson(value, taskLimits.jsonDepthMax);
    if (parsed.ok) rest[name] = parsed.value;
    else details.push({ path: name, message: `in the query is ${parsed.error.message}` });
  }
  if (details.length > 0) return err(headProblem(details));
  const head = parseBatchHead(rest);
  if (!head.ok) return head;
  return ok({ head: head.value, entries: lineEntries(request), dryRun: rest.dry_run === true });
}

async function* lineEntries(request: Request): AsyncGenerator<Entry> {
  for await (const line of readLines(bodyChunks(request), lineLimits)) {
    yield { line: line.number, body: parseLine(line) };
  }
}

/** The limits of a batch's lines, from whichever source they are read. */
export const lineLimits = {
  bytesMax: batchLimits.ndjsonBytesMax,
  lineBytesMax: taskLimits.bodyBytesMax,
};

/** The value of one line, or why it has none. */
export function parseLine(line: Line): Result<unknown, Problem> {
  switch (line.kind) {
    case "too_much":
      return tooManyBytes();
    case "too_long":
      return err(longLine);
    case "line": {
      const text = decodeText(line.bytes);
      return text.ok ? parseJson(text.value, taskLimits.jsonDepthMax) : text;
    }
  }
}

const tooManyBytes = (): Result<never, Problem> =>
  tooLarge(batchLimits.ndjsonBytesMax, "send several batches");

/** A batch without its tasks, from a value that has no others: `{defaults?, labels?, limits?, webhook?}`. */
export function parseBatchHead(value: unknown): Result<BatchHead, Problem> {
  return Value.Check(Head, value) ? checkHead(value) : err(headProblem(explain(Head, value)));
}

function checkHead(rest: Head): Result<BatchHead, Problem> {
  const defaultsCheck = checkDefaults(rest.defaults ?? {});
  if (!defaultsCheck.ok) {
    return err(
      headProblem(
        defaultsCheck.error.map(({ path, message }) => ({
          path: joinPath("defaults", path),
          message,
        })),
      ),
    );
  }
  const bytes = new TextEncoder().encode(JSON.stringify(defaultsCheck.value)).byteLength;
  if (bytes > batchLimits.defaultsBytesMax) {
    const message = `are ${bytes} bytes; the maximum is ${batchLimits.defaultsBytesMax}: upload long material with PUT /v1/inputs/<key>`;
    return err(headProblem([{ path: "defaults", message }]));
  }
  return ok({
    defaults: defaultsCheck.value,
    labels: rest.labels ?? {},
    limits: rest.limits ?? {},
    ...(rest.webhook === undefined ? {} : { webhook: rest.webhook }),
    ...(rest.after === undefined ? {} : { after: rest.after }),
  });
}

function headProblem(details: Detail[]) {
  const [first] = details;
  const message = `the batch is invalid: ${first?.path ?? ""} ${first?.message ?? ""}`;
  return { kind: "refused", message, details } as const;
}
