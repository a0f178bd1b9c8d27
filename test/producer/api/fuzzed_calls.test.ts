/**
 * Random requests, generated from the operations: parameters, headers and bodies that fit the schemas, that
 * nearly fit, and nonsense. No response is a 5xx, and each is described in the document.
 * `FUZZ_REQUESTS=10000 FUZZ_SEED=7` runs more or other requests.
 */

import { env } from "cloudflare:workers";
import { Kind, type TSchema } from "@sinclair/typebox";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ConsumerStub } from "../../../consumer/rpc/consumer_api.ts";
import { openRoutes, routes } from "../../../producer/api.ts";
import type { Media, Operation } from "../../../producer/http/operation.ts";
import { send, type TestFleet, task, testFleet } from "../client.ts";

const requests = Number(env.FUZZ_REQUESTS ?? 300);
const seed = Number(env.FUZZ_SEED ?? 20_261_125);
const patienceMs = 900_000;

/** Unusual JSON: inherited property names, numbers that are too large, text that is not well-formed. */
const oddText = fc.constantFrom(
  ...[
    "",
    " ",
    "\u0000",
    "\ud800",
    "é",
    "𝒳",
    "\u202e",
    "'; DROP TABLE tasks; --",
    "../../x",
    "%",
    "%ff",
  ],
  ...["__proto__", "constructor", "toString", "null", "NaN", "-0", "1e999", "x".repeat(5_000)],
);
const oddNumber = fc.constantFrom(0, -0, -1, 1.5, 1e21, 2 ** 53, Number.MAX_VALUE, 5e-324);
const oddName = fc.constantFrom(
  "__proto__",
  "constructor",
  "prototype",
  "hasOwnProperty",
  "",
  "a.b",
);
const oddObject = fc
  .array(fc.tuple(oddName, fc.jsonValue({ maxDepth: 1 })), { maxLength: 3 })
  .map(
    (pairs) =>
      JSON.parse(
        `{${pairs.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(",")}}`,
      ) as unknown,
  );
const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  oddText,
  oddNumber,
  oddObject,
  fc.constantFrom(null, true, [], {}, [[[[]]]]),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Existing ids by field name, because random ids would never be found. */
const knownValues = new Map<string, string>();

/** Mostly an existing id, if the field has one. */
function fieldOf(name: string, schema: TSchema, depth: number): fc.Arbitrary<unknown> {
  const cached = knownValues.get(name);
  const anyValue = valuesOf(schema, depth);
  if (cached === undefined) return anyValue;
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(cached) },
    { weight: 1, arbitrary: anyValue },
  );
}

/** Values of a schema, with a small chance of an odd value at any place. */
function valuesOf(schema: TSchema, depth = 0): fc.Arbitrary<unknown> {
  const valid = validOf(schema, depth);
  return fc.oneof({ weight: 19, arbitrary: valid }, { weight: 1, arbitrary: oddValue });
}

function validOf(schema: TSchema, depth: number): fc.Arbitrary<unknown> {
  // A recursive schema is not followed further.
  if (schema[Kind] === "This" || depth > 5) return fc.constant({ text: "deep" });
  if (schema.anyOf !== undefined) {
    return fc.oneof(...(schema.anyOf as TSchema[]).map((member) => validOf(member, depth + 1)));
  }
  if (schema.const !== undefined) return fc.constant(schema.const);
  switch (schema.type) {
    case "object":
      return objectOf(schema, depth);
    case "array": {
      const items = (schema.items ?? {}) as TSchema;
      return fc.array(valuesOf(items, depth + 1), { maxLength: 3 });
    }
    case "string":
      return textOf(schema);
    case "integer": {
      const { minimum = 0, maximum = 1_000_000 } = schema;
      return fc.constantFrom(minimum, minimum - 1, maximum, maximum + 1, Math.min(3, maximum));
    }
    case "number":
      return fc.double({ noNaN: true, noDefaultInfinity: true, min: -1, max: 1e6 });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

function textOf({ pattern, maxLength = 60 }: TSchema): fc.Arbitrary<string> {
  const text = fc.string({ unit: "binary", maxLength: Math.min(maxLength + 1, 60) });
  if (typeof pattern !== "string") return text;
  return fc.oneof(fc.stringMatching(new RegExp(pattern), { size: "-1" }), text);
}

function objectOf(schema: TSchema, depth: number): fc.Arbitrary<unknown> {
  const required = (schema.required ?? []) as string[];
  const properties = Object.entries((schema.properties ?? {}) as Record<string, TSchema>);
  const [pattern, entry] = Object.entries((schema.patternProperties ?? {}) as object)[0] ?? [];
  if (pattern !== undefined) {
    const name = fc.oneof(fc.stringMatching(new RegExp(pattern), { size: "-1" }), oddName);
    return fc.dictionary(name, valuesOf(entry as TSchema, depth + 1), {
      maxKeys: 3,
      noNullPrototype: true,
    });
  }
  // Only a few fields: with all of them nearly every body would be invalid.
  return fc
    .subarray(properties, { maxLength: Math.min(4, properties.length) })
    .chain((selection) => {
      const names = new Set([...required, ...selection.map(([name]) => name)]);
      const parts = properties.filter(([name]) => names.has(name));
      return fc.record(
        Object.fromEntries(parts.map(([name, part]) => [name, fieldOf(name, part, depth + 1)])),
        { noNullPrototype: true },
      );
    });
}

interface RandomRequest {
  id: string;
  method: string;
  path: string;
  body: string | Uint8Array | undefined;
  headers: Record<string, string>;
}

function requestOf(operation: Operation, ids: readonly string[]): fc.Arbitrary<RandomRequest> {
  const segment = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...ids) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("%", "%ff", "..", "%2e%2e", "a%2Fb", "%00", "__proto__"),
    },
    { weight: 1, arbitrary: oddText.map(escaped) },
  );
  const path = fc
    .array(segment, { minLength: 2, maxLength: 2 })
    .map(([id = "", rest = ""]) =>
      operation.path.replace(/:\w+/, () => id).replace("*", () => rest),
    );
  return fc.record({
    id: fc.constant(operation.id),
    method: fc.constant(operation.method),
    path: fc.tuple(path, queryOf(operation)).map(([at, query]) => `${at}${query}`),
    body: operation.method === "GET" ? fc.constant(undefined) : bodyOf(operation.body),
    headers: headersOf(operation),
  });
}

/** A lone surrogate cannot be part of a URL. */
const escaped = (text: string): string => encodeURIComponent(text.toWellFormed());

function queryOf({ query, takesLabels }: Operation): fc.Arbitrary<string> {
  const expected = Object.entries(query?.properties ?? {}).map(([name, schema]) =>
    valuesOf(schema as TSchema).map((value): [string, unknown] => [name, value]),
  );
  const label = fc.tuple(fc.constantFrom("label.team", "label.", "label.__proto__"), oddValue);
  const unknownField = fc.tuple(oddName, oddValue);
  const parts = [...expected, ...(takesLabels === true ? [label] : []), unknownField];
  return fc
    .array(fc.oneof(...parts), { maxLength: query === undefined ? 1 : 3 })
    .map((pairs) =>
      pairs.length === 0
        ? ""
        : `?${pairs.map(([name, value]) => `${escaped(name)}=${escaped(textual(value))}`).join("&")}`,
    );
}

const textual = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");

function bodyOf(media: Media | undefined): fc.Arbitrary<string | Uint8Array | undefined> {
  const form = media?.["multipart/form-data"];
  if (form !== undefined) return formOf(form);
  const schema = media?.["application/json"] ?? media?.["application/x-ndjson"];
  const line = media?.["application/x-ndjson"];
  const json = schema === undefined ? oddValue : valuesOf(schema);
  const lines =
    line === undefined
      ? fc.constant("{}\n")
      : fc
          .array(valuesOf(line), { maxLength: 4 })
          .map((tasks) => tasks.map((task) => `${JSON.stringify(task)}\n`).join(""));
  return fc.oneof(
    { weight: 12, arbitrary: json.map((value) => JSON.stringify(value) ?? "") },
    { weight: line === undefined ? 0 : 6, arbitrary: lines },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(undefined, "", "{", "[1e999]", `${"[".repeat(5_000)}`),
    },
  );
}

const boundary = "a-boundary";

/** A form with its parts in any order, some odd or missing; sometimes truncated. */
function formOf(schema: TSchema): fc.Arbitrary<string> {
  const { properties = {} } = schema as { properties?: Record<string, TSchema> };
  const part = (name: string, value: unknown): string => {
    const file = name === "file" ? '; filename="requests.jsonl"' : "";
    return `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n${textual(value)}\r\n`;
  };
  const unknownPart = fc.tuple(oddName, oddValue).map(([name, value]) => part(name, value));
  const parts = Object.entries(properties).map(([name, property]) =>
    fc.oneof(
      { weight: 9, arbitrary: fieldOf(name, property, 1).map((value) => part(name, value)) },
      { weight: 1, arbitrary: fc.constant("") },
    ),
  );
  const complete = fc
    .tuple(fc.tuple(...parts), fc.array(unknownPart, { maxLength: 1 }), fc.boolean())
    .map(([known, more, reversed]) =>
      [...(reversed ? known.toReversed() : known), ...more].join(""),
    )
    .map((text) => `${text}--${boundary}--\r\n`);
  const truncated = fc
    .tuple(complete, fc.nat())
    .map(([text, at]) => text.slice(0, at % text.length));
  return fc.oneof({ weight: 9, arbitrary: complete }, { weight: 1, arbitrary: truncated });
}

function headersOf({ body, idempotent }: Operation): fc.Arbitrary<Record<string, string>> {
  const types = Object.keys(body ?? { "application/json": true }).map((media) =>
    media === "multipart/form-data" ? `${media}; boundary=${boundary}` : media,
  );
  const type = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...types) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("", "text/plain", "application/json; charset=latin1", ";"),
    },
  );
  const more = fc.constantFrom<Record<string, string>>(
    ...[{}, {}, {}, {}, { "content-encoding": "gzip" }, { authorization: "Bearer x.y" }],
    ...(idempotent === true
      ? [{ "idempotency-key": "k" }, { "idempotency-key": "x".repeat(300) }]
      : []),
  );
  return fc.tuple(type, more).map(([sent, rest]) => ({ "content-type": sent, ...rest }));
}

/** A consumer with nothing configured. */
const consumer: ConsumerStub = {
  ping: async () => "ok",
  listTools: async () => ({ tools: [], mcp: [], skills: [], faults: [], mail: false, vision: {} }),
  readiness: async () => ({ policies: [], models: [] }),
  modelLimits: async () => [],
  tryModel: async () => ({ model: "m", findings: [] }),
  gradeWithProgram: async () => ({ scores: [] }),
};

/** A form with a file of one request. */
function upload(): string {
  const flotilla = { rehearsal: [{ text: "yes" }] };
  const line = {
    ...{ custom_id: "a", method: "POST", url: "/v1/chat/completions" },
    body: { messages: [{ role: "user", content: "Say yes." }], flotilla },
  };
  const head = `--${boundary}\r\ncontent-disposition: form-data; name=`;
  return `${head}"purpose"\r\n\r\nbatch\r\n${head}"file"; filename="a.jsonl"\r\n\r\n${JSON.stringify(line)}\n\r\n--${boundary}--\r\n`;
}

async function createObjects(fleet: TestFleet): Promise<string[]> {
  const create = async (path: string, body: unknown) =>
    (await (await send(fleet, "POST", path, body)).json<{ id: string }>()).id;
  const uploaded = await send(fleet, "POST", "/openai/v1/files", upload(), {
    "content-type": `multipart/form-data; boundary=${boundary}`,
  });
  const file = (await uploaded.json<{ id: string }>()).id;
  knownValues.set("input_file_id", file);
  knownValues.set("expires_after[anchor]", "created_at");
  const batch = { input_file_id: file, endpoint: "/v1/chat/completions", completion_window: "24h" };
  const schedule = { name: "s", cron: "0 7 * * *", template: task(), items: { inline: [{}] } };
  return [
    await create("/v1/tasks", task()),
    await create("/v1/batches", { tasks: [task(), task()] }),
    await create("/v1/schedules", schedule),
    await create("/v1/keys", { name: "k" }),
    await create("/openai/v1/batches", batch),
    file,
    "a.csv",
    "rehearsal",
  ];
}

test(
  `${requests} random requests cause no 5xx`,
  async () => {
    const fleet = testFleet({ CONSUMER: consumer });
    const ids = await createObjects(fleet);
    const call = fc.oneof(...[...openRoutes, ...routes].map((route) => requestOf(route, ids)));
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(call, async ({ method, path, body, headers }) => {
        const answer = await send(fleet, method, path, body, headers);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        expect(answer.status).toBeLessThan(500);
        await answer.body?.cancel();
      }),
      { numRuns: requests, seed, endOnFailure: requests > 1_000 },
    );
    console.log(
      JSON.stringify({ requests, seed, statuses: Object.fromEntries([...statuses].sort()) }),
    );
    // A run in which almost everything is rejected would prove little.
    expect(statuses.get(200) ?? 0).toBeGreaterThan(requests / 20);
  },
  patienceMs,
);
