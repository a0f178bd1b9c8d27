import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { ProducerEnv } from "../../producer/env.ts";
import type { Detail } from "../../producer/problem.ts";
import { countBatches, countTasks, lines, ndjson, send, task, testFleet } from "./client.ts";

interface Refusal {
  error: { code: string; message: string; details?: Detail[] };
}

/** Sends what must not be accepted and sees that nothing was. */
async function refused(
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  change: Partial<ProducerEnv> = {},
): Promise<{ status: number; error: Refusal["error"]; headers: Headers }> {
  const fleet = testFleet(change);
  const before = [await countTasks(), await countBatches()];
  const answer = await send(fleet, method, path, body, headers);
  const { error } = await answer.json<Refusal>();
  expect([await countTasks(), await countBatches()]).toEqual(before);
  expect([...fleet.tasks.sent, ...fleet.low.sent]).toEqual([]);
  return { status: answer.status, error, headers: answer.headers };
}

const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const past = "2020-01-01T00:00:00Z";
const ahead = (ms: number) => new Date(Date.now() + ms).toISOString();

describe("a task that does not fit is refused with the place and the mend", () => {
  it.each<[name: string, body: unknown, path: string, mend: RegExp]>([
    ["an unknown field", { ...task(), promt: "x" }, "promt", /did you mean "prompt"/],
    ["a field nobody means", { ...task(), zzz: 1 }, "zzz", /the fields are prompt, messages/],
    ["a number for the prompt", task({ prompt: 7 }), "prompt", /write a string instead of 7/],
    ["a list for a task", [], "", /write an object/],
    ["no instruction", task({ prompt: undefined }), "prompt", /write "prompt", or "messages"/],
    [
      "prompt and messages",
      task({ messages: [{ role: "user", content: "x" }] }),
      "messages",
      /not both/,
    ],
    [
      "an unknown role",
      { ...task({ prompt: undefined }), messages: [{ role: "boss", content: "x" }] },
      "messages[0].role",
      /one of "system", "user", "assistant"/,
    ],
    [
      "a budget over its ceiling",
      task({ limits: { steps: 501 } }),
      "limits.steps",
      /a whole number from 1 to 500 instead of 501/,
    ],
    ["an unknown budget", task({ limits: { step: 5 } }), "limits.step", /did you mean "steps"/],
    ["too many attempts", task({ attempts: 11 }), "attempts", /from 1 to 10 instead of 11/],
    [
      "an unknown sandbox",
      task({ sandbox: "docker" }),
      "sandbox",
      /one of "isolate", "isolate-v8", "microvm"/,
    ],
    ["a label key in capitals", task({ labels: { Team: "x" } }), "labels.Team", /does not match/],
    [
      "a label value too long",
      task({ labels: { team: "x".repeat(129) } }),
      "labels.team",
      /129 characters; at most 128/,
    ],
    ["an unknown tool", task({ tools: ["run_cod"] }), "tools[0]", /did you mean "run_code"/],
    [
      "an unknown policy",
      task({ policy: "nowhere" }),
      "policy",
      /no policy "nowhere"; there are default/,
    ],
    [
      "an unknown model",
      task({ model: "gpt-x", rehearsal: undefined }),
      "model",
      /MODEL_BASE_URL.*MODEL names/,
    ],
    [
      "a hosted model without its binding",
      task({ model: "@cf/a/b", rehearsal: undefined }),
      "model",
      /MODEL_BASE_URL/,
    ],
    [
      "an unserved fallback",
      task({ fallback_models: ["gpt-x"] }),
      "fallback_models[0]",
      /MODEL_BASE_URL/,
    ],
    [
      "a rehearsal without turns",
      task({ rehearsal: undefined }),
      "model",
      /set MODEL and MODEL_BASE_URL/,
    ],
    [
      "turns that fit no turn",
      task({ rehearsal: [{ txet: "x" }] }),
      "rehearsal[0]",
      /one of an object \{"text"/,
    ],
    [
      "a damaged call in a turn",
      task({ rehearsal: [{ calls: [{ nam: "x" }] }] }),
      "rehearsal[0].calls[0].name",
      /missing/,
    ],
    [
      "a file outside the workspace",
      task({ files: { "../x": { text: "" } } }),
      'files["../x"]',
      /relative.*without "\.\."/,
    ],
    [
      "an absolute file",
      task({ files: { "/x/y.csv": { text: "" } } }),
      'files["/x/y.csv"]',
      /write "x\/y\.csv"/,
    ],
    ["a file with NUL", task({ files: { "a\u0000b": { text: "" } } }), 'files["a\\u0000b"]', /NUL/],
    [
      "a file of two kinds",
      task({ files: { a: { text: "x", base64: "eA==" } } }),
      "files.a.base64",
      /unknown field/,
    ],
    [
      "base64 that is none",
      task({ files: { a: { base64: "%%%" } } }),
      "files.a",
      /standard base64/,
    ],
    [
      "an input key that climbs",
      task({ files: { a: { r2: "../other/x" } } }),
      "files.a",
      /without "\.\."/,
    ],
    [
      "a schema of no known type",
      task({ output_schema: { type: "strng" } }),
      "output_schema.type",
      /one of object, array/,
    ],
    [
      "a schema that refers nowhere",
      task({ output_schema: { properties: { a: { $ref: "#/$defs/b" } } } }),
      "output_schema.properties.a.$ref",
      /leads nowhere/,
    ],
    [
      "a time without a zone",
      task({ not_before: "2026-12-01T09:00:00" }),
      "not_before",
      /with a zone/,
    ],
    [
      "a time that does not exist",
      task({ not_before: "2026-13-41T99:00:00Z" }),
      "not_before",
      /no time that exists/,
    ],
    ["a deadline that is past", task({ expires_at: past }), "expires_at", /in the future/],
    [
      "a deadline before the start",
      task({ not_before: ahead(9e6), expires_at: ahead(8e6) }),
      "expires_at",
      /not after not_before/,
    ],
    [
      "a start years away",
      task({ not_before: ahead(31 * 86_400_000) }),
      "not_before",
      /over 30 days/,
    ],
    ["an input too large", task({ input: "x".repeat(600_000) }), "input", /at most 500000/],
    [
      "a prompt too long",
      task({ prompt: "x".repeat(600_000) }),
      "prompt",
      /600000 characters; at most 500000/,
    ],
  ])("%s", async (_name, body, path, mend) => {
    const { status, error } = await refused("POST", "/v1/tasks", body);
    expect(status).toBe(422);
    expect(error.code).toBe("refused");
    expect(error.details?.map((detail) => detail.path)).toContain(path);
    expect(error.details?.find((detail) => detail.path === path)?.message).toMatch(mend);
    expect(error.message).toMatch(mend);
  });

  it("reports every place at once", async () => {
    const { error } = await refused("POST", "/v1/tasks", { prompt: 1, attempts: "x", nope: 1 });
    expect(error.details?.map((detail) => detail.path).sort()).toEqual([
      "attempts",
      "nope",
      "prompt",
    ]);
  });

  it("turns for another model are refused, naming what to set", async () => {
    const change = { MODEL: "llama", MODEL_BASE_URL: "http://127.0.0.1:9/v1" };
    const { status, error } = await refused("POST", "/v1/tasks", task(), {}, change);
    expect(status).toBe(422);
    expect(error.details).toMatchObject([{ path: "rehearsal" }]);
    expect(error.message).toMatch(/MODEL and MODEL_BASE_URL/);
  });
});

describe("a body that cannot be read is refused with the place", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const latin = new Uint8Array([...bytes('{"prompt": "caf'), 0xe9, ...bytes('"}')]);
  it.each<[name: string, body: string | Uint8Array, mend: RegExp]>([
    ["no JSON", "hello", /position 0 \(line 1, column 1\) expected a value/],
    ["an empty body", "", /found the end/],
    ["a trailing comma", '{\n"prompt": "x",\n}', /line 3, column 1\) expected a field name/],
    ["single quotes", "{'prompt': 'x'}", /position 1 .*double quotes/],
    ["a missing comma", '{"prompt": "x" "model": "y"}', /position 15 .*expected "," or "}"/],
    ["a second value", '{"prompt": "x"} {}', /nothing more/],
    ["a raw line break in a string", '{"prompt": "a\nb"}', /\\n/],
    ["latin-1", latin, /not UTF-8 at byte 15/],
    ["65 levels of lists", deep(65), /65 levels deep; at most 64/],
    ["a hundred thousand levels", deep(100_000), /flatten it/],
  ])("%s", async (_name, body, mend) => {
    const { status, error } = await refused("POST", "/v1/tasks", body);
    expect(status).toBe(400);
    expect(error.code).toBe("unreadable");
    expect(error.message).toMatch(mend);
  });
});

describe("a body over its bound is refused", () => {
  const two = "x".repeat(2_000_000);
  it.each<[name: string, body: () => BodyInit]>([
    ["as its length says", () => JSON.stringify(task({ prompt: two }))],
    [
      "while it streams, without a length",
      () => new Blob([JSON.stringify(task({ prompt: two }))]).stream(),
    ],
  ])("%s", async (_name, body) => {
    const { status, error } = await refused("POST", "/v1/tasks", body());
    expect(status).toBe(413);
    expect(error.message).toMatch(/1,000,000 bytes.*PUT \/v1\/inputs/);
  });
});

describe("a request of the wrong kind is refused", () => {
  it.each<[string, string, string, unknown, Record<string, string>, number, RegExp]>([
    [
      "a form",
      "POST",
      "/v1/tasks",
      "a=b",
      { "content-type": "application/x-www-form-urlencoded" },
      415,
      /application\/json/,
    ],
    [
      "a compressed body",
      "POST",
      "/v1/tasks",
      "{}",
      { "content-encoding": "gzip" },
      415,
      /uncompressed/,
    ],
    [
      "a batch as text",
      "POST",
      "/v1/batches",
      "{}",
      { "content-type": "text/plain" },
      415,
      /application\/x-ndjson/,
    ],
    ["a method of another path", "DELETE", "/v1/tasks", undefined, {}, 405, /GET|POST/],
    ["a path that does not exist", "GET", "/v1/nothing", undefined, {}, 404, /docs/],
    ["an id that is none", "GET", "/v1/tasks/1%27--", undefined, {}, 404, /no task/],
    ["a batch id that is none", "GET", "/v1/batches/x", undefined, {}, 404, /no batch/],
    ["an unknown query", "GET", "/v1/tasks?state=dead", undefined, {}, 422, /not understood/],
    ["an unknown status", "GET", "/v1/tasks?status=done", undefined, {}, 422, /not understood/],
  ])("%s", async (_name, method, path, body, headers, status, mend) => {
    const answer = await refused(method, path, body, headers);
    expect(answer.status).toBe(status);
    expect(answer.error.message).toMatch(mend);
    if (status === 405) expect(answer.headers.get("allow")).toBe("POST, GET");
  });
});

describe("a batch with bad tasks is refused whole", () => {
  const twenty = Array.from({ length: 20 }, (_, index) => task({ custom_id: `c${index}` }));

  it("naming lines 3 and 17", async () => {
    const bad: unknown[] = [...twenty];
    bad[2] = { ...task(), promt: "x" };
    bad[16] = '{"prompt": ';
    const { status, error } = await refused("POST", "/v1/batches", lines(bad), ndjson);
    expect(status).toBe(400);
    expect(error.details).toMatchObject([
      { line: 3, path: "promt", message: expect.stringContaining('did you mean "prompt"') },
      { line: 17, path: "", message: expect.stringContaining("position 11") },
    ]);
    expect(error.message).toMatch(/2 tasks are refused, so nothing is accepted/);
    expect((await env.OBJECTS.list({ prefix: "batches/" })).objects).toEqual([]);
  });

  it.each<
    [string, string | object, Record<string, string>, string, number, Partial<Detail>, RegExp]
  >([
    ["a line of latin-1", "", {}, "", 400, { line: 1, path: "" }, /UTF-8/],
    [
      "a repeated custom_id",
      lines([task({ custom_id: "a" }), task(), task({ custom_id: "a" })]),
      ndjson,
      "",
      422,
      { line: 3, path: "custom_id" },
      /stands on line 1/,
    ],
    [
      "a line with its own key",
      lines([task({ idempotency_key: "k" })]),
      ndjson,
      "",
      422,
      { line: 1, path: "idempotency_key" },
      /header Idempotency-Key/,
    ],
    [
      "an unknown default",
      lines([task()]),
      ndjson,
      "?defaults=%7B%22modl%22%3A1%7D",
      422,
      { path: "defaults.modl" },
      /did you mean "model"/,
    ],
    [
      "defaults that are no JSON",
      lines([task()]),
      ndjson,
      "?defaults=%7B",
      422,
      { path: "defaults" },
      /not JSON/,
    ],
    ["no line at all", "\n \n", ndjson, "", 422, { path: "tasks" }, /at least one/],
    [
      "a JSON task",
      { tasks: [task(), { prompt: "x", limits: { steps: 0 } }] },
      {},
      "",
      422,
      { path: "tasks[1].limits.steps" },
      /from 1 to 500/,
    ],
    ["a JSON batch without tasks", { jobs: [] }, {}, "", 422, { path: "jobs" }, /unknown field/],
    [
      "a JSON batch's limits",
      { tasks: [task()], limits: { steps: 3 } },
      {},
      "",
      422,
      { path: "limits.steps" },
      /unknown field/,
    ],
  ])("%s", async (name, body, headers, query, status, place, mend) => {
    const latin = new Uint8Array([0x22, 0xe9, 0x22, 0x0a]);
    const sent = name === "a line of latin-1" ? latin : body;
    const type = name === "a line of latin-1" ? ndjson : headers;
    const answer = await refused("POST", `/v1/batches${query}`, sent, type);
    expect(answer.status).toBe(status);
    const found = answer.error.details?.find((detail) => detail.path === place.path);
    expect(found).toMatchObject(place);
    expect(found?.message).toMatch(mend);
  });

  it("listing the first hundred bad lines and counting the rest", async () => {
    const bad = Array.from({ length: 250 }, () => "{}");
    const { error } = await refused("POST", "/v1/batches", lines(bad), ndjson);
    expect(new Set(error.details?.map((detail) => detail.line)).size).toBe(100);
    expect(error.message).toMatch(/250 tasks are refused.*150 more are not/);
  });

  it("when a line is longer than a task may be", async () => {
    const long = task({ prompt: "x".repeat(1_100_000) });
    const { status, error } = await refused("POST", "/v1/batches", lines([task(), long]), ndjson);
    expect(status).toBe(400);
    expect(error.details).toMatchObject([{ line: 2 }]);
  });
});
