/** Bodies, queries, templates, CSV and lines: what a tenant sends. */

import { Type } from "@sinclair/typebox";
import { readBatchBody } from "../../producer/batches/batch_body.ts";
import { decodeText, readBytes, readJson } from "../../producer/http/body.ts";
import { parseJson } from "../../producer/http/json_text.ts";
import { readQuery } from "../../producer/http/query.ts";
import { readUploadForm } from "../../producer/openai/files/upload_form.ts";
import { checkTask } from "../../producer/tasks/check/check.ts";
import { explain } from "../../producer/tasks/check/explain.ts";
import { fillTemplate, findTemplateFaults } from "../../producer/tasks/check/template.ts";
import { batchLimits, taskLimits } from "../../shared/limits.ts";
import { ok } from "../../shared/result.ts";
import { checkSchema } from "../../shared/schema/check.ts";
import { DurableTask } from "../../shared/task/task.ts";
import { CsvReader } from "../../shared/text/csv.ts";
import { readLines } from "../../shared/text/lines.ts";
import { type Attack, chunksOf, drain, filled, hugeChars, names, streamOf } from "./attack.ts";

const post = (body: string, type: string): Request =>
  new Request("http://fleet/v1/batches", {
    method: "POST",
    headers: { "content-type": type },
    body: streamOf(chunksOf(body)),
    duplex: "half",
  } as RequestInit);

const scope = {
  model: "rehearsal",
  allowsRehearsal: true,
  now: 0,
  tools: [],
  available: null,
  checkPolicy: () => ok(null),
  checkModel: () => ok(null),
  seesPictures: () => true,
  checkWebhook: () => ok(null),
  validParts: new WeakSet<object>(),
};

const json = (input: string, make: () => string): Attack => ({
  place: "producer/http/json_text.ts",
  input,
  prepare: () => {
    const text = make();
    return () => parseJson(text, taskLimits.jsonDepthMax);
  },
});

const batch = (input: string, make: () => string, type: string): Attack => ({
  place: "producer/batches/batch_body.ts",
  input,
  prepare: () => {
    const request = post(make(), type);
    return async () => {
      const body = await readBatchBody(request, new URL(request.url));
      return body.ok ? drain(body.value.entries, batchLimits.tasksMax) : body.error.message;
    };
  },
});

const template = (input: string, make: () => [template: object, item: unknown]): Attack => ({
  place: "producer/tasks/check/template.ts",
  input,
  prepare: () => {
    const [taskTemplate, item] = make();
    return () => fillTemplate(taskTemplate, { item, tick: { time: "" } });
  },
});

const csv = (input: string, make: () => string, pieceChars = 65_536): Attack => ({
  place: "shared/text/csv.ts",
  input,
  prepare: () => {
    const text = make();
    return () => {
      const reader = new CsvReader({ rowCharsMax: taskLimits.bodyBytesMax });
      for (let from = 0; from < text.length; from += pieceChars) {
        const rows = reader.push(text.slice(from, from + pieceChars));
        if (!rows.ok) return rows.error;
      }
      return reader.end();
    };
  },
});

const boundary = "x".repeat(60);
const form = (input: string, make: () => string): Attack => ({
  place: "producer/openai/files/upload_form.ts",
  input,
  prepare: () => {
    const request = post(make(), `multipart/form-data; boundary=${boundary}`);
    return () => readUploadForm(request, async () => ok(null));
  },
});
const filePart = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n`;

export const producerAttacks: readonly Attack[] = [
  json("1 MB of opening brackets", () => filled("[", 1_000_000)),
  json("1 MB of empty objects", () => `[${filled("{},", 999_000)}1]`),
  json("1 MB of one string that does not end", () => `"${filled("a", 1_000_000)}`),
  json("10 MB of a string, then an error", () => `["${filled("a\\n", 9_900_000)}", x]`),
  json("1 MB of one number", () => filled("9", 1_000_000)),
  json("1 MB of lossy numbers", () => `[${filled("0.12345678901234567890,", 999_000)}1]`),
  json("1 MB of halves of surrogate pairs", () => `[${filled('"\\ud800",', 999_000)}1]`),
  batch(
    "10 MB of empty tasks",
    () => `{"tasks":[${filled("{},", 9_900_000)}{}]}`,
    "application/json",
  ),
  batch(
    "10 MB of nested lists",
    () => `{"tasks":[${filled("[[[]]],", 9_900_000)}1]}`,
    "application/json",
  ),
  batch(
    "10 MB of unknown fields",
    () => `{"tasks":[],${filled('"a":1,', 9_900_000)}"b":1}`,
    "application/json",
  ),
  {
    place: "producer/http/body.ts",
    input: "10 MB of which the last byte is not UTF-8",
    prepare: () => {
      const bytes = new Uint8Array(batchLimits.jsonBytesMax).fill(0x61);
      bytes[bytes.length - 1] = 0xff;
      return () => decodeText(bytes);
    },
  },
  batch("20 MB of JSON", () => filled("[1],", hugeChars), "application/json"),
  batch("20 MB of line breaks", () => filled("\n", hugeChars), "application/x-ndjson"),
  batch("20 MB in one line", () => filled("a", hugeChars), "application/x-ndjson"),
  batch("20 MB of lines that are not JSON", () => filled("{\n", hugeChars), "application/x-ndjson"),
  {
    place: "producer/http/body.ts",
    input: "20 MB where 1 MB is allowed",
    prepare: () => {
      const request = post(filled("[", hugeChars), "application/json");
      return () => readJson(request, { bytesMax: taskLimits.bodyBytesMax });
    },
  },
  {
    place: "producer/http/body.ts",
    input: "1 MB in pieces of 10 bytes",
    prepare: () => {
      const body = streamOf(chunksOf(filled("a", 1_000_000), 10));
      const request = new Request("http://fleet", {
        method: "POST",
        body,
        duplex: "half",
      } as RequestInit);
      return () => readBytes(request, taskLimits.bodyBytesMax);
    },
  },
  {
    place: "shared/text/lines.ts",
    input: "a line of 1 MB in pieces of 10 bytes",
    prepare: () => {
      const chunks = chunksOf(filled("a", 1_000_000), 10);
      return () => drain(readLines(chunks, { lineBytesMax: taskLimits.bodyBytesMax }));
    },
  },
  {
    place: "producer/http/query.ts",
    input: "100,000 unknown fields in a query",
    prepare: () => {
      const query = new URLSearchParams(Array.from({ length: 100_000 }, (_, at) => [`f${at}`, ""]));
      return () => readQuery(Type.Object({ limit: Type.Integer() }), query);
    },
  },
  template("an opening of a placeholder, then 400,000 spaces", () => [
    { prompt: `{{${filled(" ", 400_000)}` },
    {},
  ]),
  template("500 KB of openings", () => [{ prompt: filled("{{ ", 500_000) }, {}]),
  template("100,000 placeholders that the item lacks", () => [
    { prompt: filled("{{item.a}}", 500_000) },
    {},
  ]),
  template("50,000 placeholders of 500 KB", () => [
    { prompt: filled("{{item.a}}", 500_000) },
    { a: filled("a", 500_000) },
  ]),
  template("1,000 whole fields of 500 KB", () => [
    { input: Array(1_000).fill("{{item.a}}") },
    { a: [filled("a", 500_000)] },
  ]),
  {
    place: "producer/tasks/check/template.ts",
    input: "a template with 100,000 unknown placeholders",
    prepare: () => () => findTemplateFaults({ prompt: filled("{{x}} ", 500_000) }, scope),
  },
  csv("a header of 150,000 columns", () => `${names(150_000)}\n`),
  csv("20 MB of quotes", () => filled('"', hugeChars)),
  csv("20 MB in one cell", () => `a\n"${filled("a", hugeChars)}`),
  csv("1 MB of one-character cells, in pieces of 10 characters", () => filled("a,", 1_000_000), 10),
  csv("20 MB of line breaks", () => filled("\n", hugeChars)),
  form("a header of 20 MB", () => `--${boundary}\r\n${filled("a", hugeChars)}`),
  form(
    "20 MB that nearly end the file",
    () => `${filePart}${filled(`\r\n--${boundary.slice(1)}`, hugeChars)}`,
  ),
  form("20 MB of line breaks in a file", () => `${filePart}${filled("\r\n-", hugeChars)}`),
  form("20 MB of parts", () =>
    filled(`--${boundary}\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n`, hugeChars),
  ),
  {
    place: "producer/tasks/check/explain.ts",
    input: "a task with 80,000 unknown fields",
    prepare: () => {
      const task = Object.fromEntries(
        Array.from({ length: 80_000 }, (_, at) => [`promt${at}`, at]),
      );
      return () => explain(DurableTask, task);
    },
  },
  {
    place: "producer/tasks/check/explain.ts",
    input: "a message with 80,000 unknown fields",
    prepare: () => {
      const message = Object.fromEntries(
        Array.from({ length: 80_000 }, (_, at) => [`contet${at % 7}${at}`, at]),
      );
      return () => explain(DurableTask, { messages: [{ role: "user", ...message }] });
    },
  },
  {
    place: "producer/tasks/check/check.ts",
    input: "a task of 1 MB of labels, files and messages",
    prepare: () => {
      const list = Array.from({ length: 20_000 }, (_, at) => [`n${at}`, { text: "x" }]);
      const task = {
        prompt: "p",
        files: Object.fromEntries(list),
        labels: Object.fromEntries(list),
        messages: list,
      };
      return () => checkTask(task, scope);
    },
  },
  {
    place: "shared/schema/check.ts",
    input: "a schema of 100 KB that doubles with each reference",
    prepare: () => {
      const $defs: Record<string, object> = { a1000: { type: "string" } };
      for (let at = 0; at < 1_000; at++)
        $defs[`a${at}`] = {
          allOf: [{ $ref: `#/$defs/a${at + 1}` }, { $ref: `#/$defs/a${at + 1}` }],
        };
      return () => checkSchema({ type: "object", $ref: "#/$defs/a0", $defs });
    },
  },
  {
    place: "shared/schema/check.ts",
    input: "an enumeration of 20 MB",
    prepare: () => {
      const schema = { enum: Array.from({ length: 2_000_000 }, (_, at) => `n${at}`) };
      return () => checkSchema(schema);
    },
  },
];
