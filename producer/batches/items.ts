/** The items of a tick, one at a time: from the schedule itself, an upload (NDJSON or CSV), or a batch's results. */

import { objectKeys, openObject } from "../../shared/files/objects.ts";
import { taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { After, Items } from "../../shared/task/schedule.ts";
import { CsvReader, type CsvRow, csvNotUtf8 } from "../../shared/text/csv.ts";
import { jsonShape } from "../../shared/text/json_shape.ts";
import { readLines } from "../../shared/text/lines.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import { fillTemplate, type TemplateData } from "../tasks/check/template.ts";
import { lineLimits, parseLine } from "./batch_body.ts";
import { type Entry, longLine } from "./batch_input.ts";

/** One item with its line, or why it cannot be read. */
interface Item {
  line: number;
  value: Result<unknown, Problem>;
}

/** Fills a template with each item: the tasks of a batch. */
export async function* fillEntries(
  items: AsyncIterable<Item>,
  template: object,
  tick: TemplateData["tick"],
): AsyncGenerator<Entry> {
  for await (const { line, value } of items) {
    const filledTask = value.ok ? fillTemplate(template, { item: value.value, tick }) : value;
    yield { line, body: filledTask.ok ? checkDepth(filledTask.value) : filledTask };
  }
}

/** An item may be a model's output: no recursive code runs on it before its depth is known. */
function checkDepth(task: unknown): Result<unknown, Problem> {
  const { depth } = jsonShape(JSON.stringify(task));
  if (depth <= taskLimits.filledDepthMax) return ok(task);
  const message = `the task filled with this item nests ${depth} levels deep; the maximum is ${taskLimits.filledDepthMax}`;
  return err({ kind: "refused", message, details: [{ path: "", message }] });
}

/** Opens the source; a missing source is a problem of the tick. */
export async function openItems(
  env: ProducerEnv,
  tenant: string,
  items: Exclude<Items, After>,
): Promise<Result<AsyncIterable<Item>, Problem>> {
  if ("inline" in items) return ok(inlineItems(items.inline));
  return openUpload(env, tenant, items.r2);
}

async function* inlineItems(values: readonly unknown[]): AsyncGenerator<Item> {
  for (const [index, value] of values.entries()) yield { line: index + 1, value: ok(value) };
}

async function openUpload(
  env: ProducerEnv,
  tenant: string,
  key: string,
): Promise<Result<AsyncIterable<Item>, Problem>> {
  const object = await openObject(env.OBJECTS, objectKeys.input(tenant, key));
  if (object === null) {
    return err(sourceFault(`no such input: upload it with PUT /v1/inputs/${key}`));
  }
  const bytes = object.body as ReadableStream<Uint8Array>;
  return ok(key.endsWith(".csv") ? csvItems(bytes) : lineItems(bytes));
}

const sourceFault = (message: string): Problem => ({
  kind: "refused",
  message: `items: ${message}`,
  details: [{ path: "items", message }],
});

async function* lineItems(bytes: ReadableStream<Uint8Array>): AsyncGenerator<Item> {
  for await (const line of readLines(bytes, lineLimits)) {
    const value = line.kind === "line" ? parseLine(line) : err(longLine);
    yield { line: line.number, value };
  }
}

/** One object per row, with the header's names; every value is a string. Ends at the first fault. */
async function* csvItems(bytes: ReadableStream<Uint8Array>): AsyncGenerator<Item> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const reader = new CsvReader({ rowCharsMax: taskLimits.bodyBytesMax });
  let line = 1;
  const fault = (message: string): Item => ({
    line: line + 1,
    value: err({ kind: "unreadable", message: `invalid CSV: ${message}` }),
  });
  function* itemsOf(rows: Result<CsvRow[], string>): Generator<Item> {
    if (!rows.ok) return yield fault(rows.error);
    const columns = reader.columns ?? [];
    for (const { line: at, cells } of rows.value) {
      line = at;
      const record = Object.fromEntries(columns.map((name, index) => [name, cells[index] ?? ""]));
      yield { line, value: ok(record) };
    }
  }
  for await (const chunk of bytes) {
    const text = decode(decoder, chunk);
    if (text === null) return yield fault(csvNotUtf8);
    const rows = reader.push(text);
    yield* itemsOf(rows);
    if (!rows.ok) return;
  }
  if (decode(decoder) === null) return yield fault(csvNotUtf8);
  yield* itemsOf(reader.end());
}

/** Null for bytes that are not UTF-8. */
function decode(decoder: TextDecoder, chunk?: Uint8Array): string | null {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    return null;
  }
}

/** The results of a batch in these statuses, as `GET /v1/batches/:id/results` returns them. */
export async function* resultItems(
  lines: AsyncIterable<string>,
  statuses: readonly string[],
): AsyncGenerator<Item> {
  for await (const text of lines) {
    const result = JSON.parse(text) as { index: number; status: string };
    if (statuses.includes(result.status)) yield { line: result.index + 1, value: ok(result) };
  }
}
