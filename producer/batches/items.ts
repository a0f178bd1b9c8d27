/** The items of a tick, one at a time: from the schedule itself, an upload (lines or CSV), or a batch's results. */
import { Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { batchLimits, taskLimits } from "../../shared/limits.ts";
import { objectKeys, openObject } from "../../shared/objects.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { After, Items } from "../../shared/schedule.ts";
import type { ProducerEnv } from "../env.ts";
import { decodeText } from "../http/body.ts";
import { nesting, parseJson } from "../http/json_text.ts";
import type { Problem } from "../http/problem.ts";
import { type Filling, fillTemplate } from "../tasks/template.ts";
import { type Entry, longLine } from "./batch_input.ts";
import { readLines } from "./lines.ts";

/** One item with the line that it stands on, or why it cannot be read. */
interface Item {
  line: number;
  value: Result<unknown, Problem>;
}

/** The tasks that a template makes of items, as the lines of a batch. */
export async function* entriesOf(
  items: AsyncIterable<Item>,
  template: object,
  tick: Filling["tick"],
): AsyncGenerator<Entry> {
  for await (const { line, value } of items) {
    const filled = value.ok ? fillTemplate(template, { item: value.value, tick }) : value;
    yield { line, body: filled.ok ? shallow(filled.value) : filled };
  }
}

/** An item may be what a model answered: nothing recursive touches it before its depth is known. */
function shallow(task: unknown): Result<unknown, Problem> {
  const depth = nesting(JSON.stringify(task));
  if (depth <= taskLimits.filledDepthMax) return ok(task);
  const message = `the task, filled with this item, nests ${depth} levels deep; at most ${taskLimits.filledDepthMax} are taken`;
  return err({ kind: "refused", message, details: [{ path: "", message }] });
}

/** Opens the source; a source that is not there is a problem of the tick. */
export async function openItems(
  env: ProducerEnv,
  tenant: string,
  items: Exclude<Items, After>,
): Promise<Result<AsyncIterable<Item>, Problem>> {
  if ("inline" in items) return ok(inlineItems(items.inline));
  return openUpload(env, tenant, items.r2);
}

async function* inlineItems(values: readonly unknown[]): AsyncGenerator<Item> {
  for (const [at, value] of values.entries()) yield { line: at + 1, value: ok(value) };
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
  const lines = readLines(bytes, {
    bytesMax: batchLimits.ndjsonBytesMax,
    lineBytesMax: taskLimits.bodyBytesMax,
  });
  for await (const line of lines) {
    if (line.kind !== "line") yield { line: line.number, value: err(longLine) };
    else {
      const text = decodeText(line.bytes);
      const value = text.ok ? parseJson(text.value, taskLimits.jsonDepthMax) : text;
      yield { line: line.number, value };
    }
  }
}

/** One object a row, with the header's names; every value is a text. */
async function* csvItems(bytes: ReadableStream<Uint8Array>): AsyncGenerator<Item> {
  const parser = parse({
    bom: true,
    columns: (head: string[]) => head.map((name) => name.trim()),
    info: true,
    skip_empty_lines: true,
    max_record_size: taskLimits.bodyBytesMax,
  });
  const rows = Readable.from(bytes).compose(parser) as AsyncIterable<{
    record: Record<string, string>;
    info: { lines: number };
  }>;
  let line = 1;
  try {
    for await (const { record, info } of rows) {
      line = info.lines;
      yield { line, value: ok(record) };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const message = `not CSV: ${error.message}`;
    yield { line: line + 1, value: err({ kind: "unreadable", message }) };
  }
}

/** The lines of a batch's results, as `GET /v1/batches/:id/results` writes them, in these statuses. */
export async function* resultItems(
  lines: AsyncIterable<string>,
  statuses: readonly string[],
): AsyncGenerator<Item> {
  for await (const text of lines) {
    const result = JSON.parse(text) as { index: number; status: string };
    if (statuses.includes(result.status)) yield { line: result.index + 1, value: ok(result) };
  }
}
