/** The items of a tick, one at a time: from the schedule itself, an upload (NDJSON or CSV), or a batch's results. */
import { Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { csvLineEnds, withoutSeparatorLine } from "../../shared/csv.ts";
import { taskLimits } from "../../shared/limits.ts";
import { readLines } from "../../shared/lines.ts";
import { objectKeys, openObject } from "../../shared/objects.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { After, Items } from "../../shared/schedule.ts";
import type { ProducerEnv } from "../env.ts";
import { nestingDepth } from "../http/json_text.ts";
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
    const filled = value.ok ? fillTemplate(template, { item: value.value, tick }) : value;
    yield { line, body: filled.ok ? checkDepth(filled.value) : filled };
  }
}

/** An item may be a model's output: no recursive code runs on it before its depth is known. */
function checkDepth(task: unknown): Result<unknown, Problem> {
  const depth = nestingDepth(JSON.stringify(task));
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

/** One object per row, with the header's names; every value is a string. UTF-8 only. */
async function* csvItems(bytes: ReadableStream<Uint8Array>): AsyncGenerator<Item> {
  const parser = parse({
    bom: true,
    columns: uniqueColumns,
    info: true,
    record_delimiter: [...csvLineEnds],
    skip_empty_lines: true,
    max_record_size: taskLimits.bodyBytesMax,
  });
  const rows = Readable.from(csvText(bytes)).compose(parser) as AsyncIterable<{
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
    if (!(error instanceof CsvError) && !(error instanceof CsvFault)) throw error;
    const message = `invalid CSV: ${error.message}`;
    yield { line: line + 1, value: err({ kind: "unreadable", message }) };
  }
}

/** A file that is not what a CSV must be; a parser passes it on as it is. */
class CsvFault extends Error {}

/** The bytes as text in parts, the first one without a separator line. */
async function* csvText(bytes: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (part?: Uint8Array): string => {
    try {
      const text = part === undefined ? decoder.decode() : decoder.decode(part, { stream: true });
      if (!text.includes("\u0000")) return text;
    } catch {
      // Falls through to the same fault.
    }
    throw new CsvFault("the file is not UTF-8 text: save it as UTF-8");
  };
  let isFirst = true;
  for await (const part of bytes) {
    const text = decode(part);
    yield isFirst ? withoutSeparatorLine(text) : text;
    isFirst &&= text === "";
  }
  yield decode();
}

function uniqueColumns(head: readonly string[]): string[] {
  const names = head.map((name) => name.trim());
  const twice = names.find((name, at) => name !== "" && names.indexOf(name) < at);
  if (twice !== undefined)
    throw new CsvFault(`two columns are named "${twice}": rename one of them`);
  return names;
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
