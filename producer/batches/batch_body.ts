/** The two bodies a batch may have: one JSON object, or one task per line with the rest in the query. */
import { Value } from "@sinclair/typebox/value";
import { BatchHead as Head, JsonBatch } from "../../shared/batch.ts";
import { batchLimits, taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import {
  bodyChunks,
  decodeText,
  isPlain,
  mediaType,
  readBytes,
  tooLarge,
  wrongType,
} from "../http/body.ts";
import { parseJson } from "../http/json_text.ts";
import type { Detail, Problem } from "../http/problem.ts";
import { checkDefaults } from "../tasks/check.ts";
import { explain } from "../tasks/explain.ts";
import { type Entry, longLine } from "./batch_input.ts";
import type { BatchHead } from "./batches.ts";
import { type Line, readLines } from "./lines.ts";

/** Two levels deeper than a task: its list, and the object around that. */
const jsonDepthMax = taskLimits.jsonDepthMax + 2;

export interface BatchBody {
  head: BatchHead;
  entries: AsyncIterable<Entry>;
  /** Nothing is to be accepted, only looked at. */
  dryRun: boolean;
}

export async function readBatchBody(
  request: Request,
  url: URL,
): Promise<Result<BatchBody, Problem>> {
  const type = mediaType(request);
  if (!isPlain(request)) return wrongType(request, ["application/json", "application/x-ndjson"]);
  if (type === "application/json") return readJsonBatch(request, url);
  if (type === "application/x-ndjson" || type === "application/jsonl") {
    return readLineBatch(request, url);
  }
  return wrongType(request, ["application/json", "application/x-ndjson"]);
}

async function readJsonBatch(request: Request, url: URL): Promise<Result<BatchBody, Problem>> {
  const asked = readDryRun(url.searchParams);
  if (!asked.ok) return asked;
  const bytes = await readBytes(
    request,
    batchLimits.jsonBytesMax,
    `send it as application/x-ndjson, one task per line, up to ${batchLimits.ndjsonBytesMax.toLocaleString("en")} bytes`,
  );
  if (!bytes.ok) return bytes;
  const text = decodeText(bytes.value);
  if (!text.ok) return text;
  const body = parseJson(text.value, jsonDepthMax);
  return body.ok ? batchOfValue(body.value, asked.value) : body;
}

/** A batch as one value: `{defaults?, tasks, …}`. `asked` is whether it is to be tried only. */
export function batchOfValue(value: unknown, asked = false): Result<BatchBody, Problem> {
  if (!Value.Check(JsonBatch, value)) return err(refusedHead(explain(JsonBatch, value)));
  const { tasks, template, ...rest } = value;
  const head = readHead(rest);
  if (!head.ok) return head;
  const dryRun = asked || rest.dry_run === true;
  if (template === undefined && tasks !== undefined) {
    return ok({ head: head.value, entries: entriesOf(tasks), dryRun });
  }
  if (template === undefined) return err(refusedHead([noTasks]));
  const fault = tasks !== undefined ? tasksAndTemplate : templateAlone(rest, dryRun);
  if (fault !== null) return err(refusedHead([fault]));
  return ok({ head: { ...head.value, template }, entries: entriesOf([]), dryRun });
}

/** A JSON body holds everything but this. What is misspelt is refused: it might have meant that nothing runs. */
function readDryRun(query: URLSearchParams): Result<boolean, Problem> {
  let dryRun = false;
  for (const [name, value] of query) {
    if (name === "dry_run" && (value === "true" || value === "false")) dryRun = value === "true";
    else {
      const message =
        name === "dry_run"
          ? "write true or false"
          : "unknown: the query of a JSON body takes dry_run, all else stands in the body";
      return err(refusedHead([{ path: name, message }]));
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
  message: 'makes the tasks of another batch\'s results: write either "tasks" or "template"',
};

/** A template has nothing to be filled with but another batch's results, and says all there is to say. */
function templateAlone(
  rest: { after?: unknown; defaults?: object },
  dryRun: boolean,
): Detail | null {
  if (dryRun) {
    const message = "has no tasks before the other batch is finished: write tasks to try them";
    return { path: "template", message };
  }
  if (rest.after === undefined) {
    const message =
      'is missing: name the batch whose results fill the template, {"batch": "batch_…"}';
    return { path: "after", message };
  }
  if (rest.defaults === undefined) return null;
  return { path: "defaults", message: "belong to tasks: write them in the template" };
}

async function* entriesOf(tasks: readonly unknown[]): AsyncGenerator<Entry> {
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
  if (details.length > 0) return err(refusedHead(details));
  if (!Value.Check(Head, rest)) return err(refusedHead(explain(Head, rest)));
  const head = readHead(rest);
  if (!head.ok) return head;
  const dryRun = rest.dry_run === true;
  return ok({ head: head.value, entries: lineEntries(request), dryRun });
}

async function* lineEntries(request: Request): AsyncGenerator<Entry> {
  const lines = readLines(bodyChunks(request), {
    bytesMax: batchLimits.ndjsonBytesMax,
    lineBytesMax: taskLimits.bodyBytesMax,
  });
  for await (const line of lines) yield { line: line.number, body: readLine(line) };
}

/** The value of one line, or why there is none. */
export function readLine(line: Line): Result<unknown, Problem> {
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

/** What a batch says beside its tasks, from another shape: `{defaults?, labels?, limits?, webhook?}`. */
export function headOf(value: unknown): Result<BatchHead, Problem> {
  return Value.Check(Head, value) ? readHead(value) : err(refusedHead(explain(Head, value)));
}

function readHead(rest: Head): Result<BatchHead, Problem> {
  const defaults = checkDefaults(rest.defaults ?? {});
  if (!defaults.ok) {
    const details = defaults.details.map(({ path, message }) => ({
      path: path.startsWith("[") ? `defaults${path}` : `defaults.${path}`,
      message,
    }));
    return err(refusedHead(details));
  }
  const bytes = new TextEncoder().encode(JSON.stringify(defaults.task)).byteLength;
  if (bytes > batchLimits.defaultsBytesMax) {
    const message = `are ${bytes} bytes; at most ${batchLimits.defaultsBytesMax} are taken: upload long material with PUT /v1/inputs/<key>`;
    return err(refusedHead([{ path: "defaults", message }]));
  }
  return ok({
    defaults: defaults.task,
    labels: rest.labels ?? {},
    limits: rest.limits ?? {},
    ...(rest.webhook === undefined ? {} : { webhook: rest.webhook }),
    ...(rest.after === undefined ? {} : { after: rest.after }),
  });
}

function refusedHead(details: Detail[]) {
  const [first] = details;
  const message = `the batch is refused: ${first?.path ?? ""} ${first?.message ?? ""}`;
  return { kind: "refused", message, details } as const;
}
