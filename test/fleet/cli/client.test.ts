import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, expectTypeOf, test } from "vitest";
import type { ResultLine } from "../../../producer/api/batches/responses.ts";
import { type Answer, fleetClient, type Refusal } from "../../../producer/client/index.ts";
import type { Status } from "../../../shared/states.ts";
import { batchWith, fakeFleet, taskWith } from "./fake_fleet.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const run = promisify(execFile);

test("the example of docs/api.md is examples/client.ts, and does what it says", async () => {
  const example = readFileSync(path.join(root, "examples/client.ts"), "utf8");
  expect(readFileSync(path.join(root, "docs/api.md"), "utf8")).toContain(
    `\`\`\`ts\n${example}\`\`\``,
  );
  const line = { index: 0, custom_id: "a", task_id: "task_1", status: "succeeded", reason: null };
  const { url, received } = await fakeFleet({
    "POST /v1/batches": { status: 202, body: batchWith({ queued: 2 }) },
    "GET /v1/batches/batch_1": [
      { body: batchWith({ queued: 2 }) },
      { body: batchWith({ succeeded: 2 }, "finished") },
    ],
    "GET /v1/batches/batch_1/results": {
      text: `${JSON.stringify({ ...line, output: { text: "alpha" }, error: null })}\n`,
    },
  });
  const environment = { ...process.env, FLEET_URL: url, FLEET_API_KEY: "a-key" };
  const { stdout } = await run(process.execPath, ["examples/client.ts"], {
    cwd: root,
    env: environment,
  });
  expect(stdout).toBe('a succeeded {"text":"alpha"}\n');
  expect(received[0]?.headers).toMatchObject({
    authorization: "Bearer a-key",
    "idempotency-key": "words-1",
    "content-type": "application/json",
  });
});

describe("a call", () => {
  test("puts what it is given in its place, whatever that holds", async () => {
    const { url, received } = await fakeFleet({});
    const fleet = fleetClient({ url: `${url}/`, key: "k" });
    await fleet("GET /v1/tasks/:id", { id: "../x?y" });
    await fleet("GET /v1/tasks/:id/files/*", { id: "task_1", path: "out/a b%.md" });
    await fleet("GET /v1/tasks", { query: { status: "dead", limit: 5, "label.team": "a&b" } });
    await fleet("POST /v1/batches", {
      body: "{}\n",
      type: "application/x-ndjson",
      query: { labels: { team: "ops" }, dry_run: true },
    });
    await fleet("GET /healthz");
    expect(received.map(({ path: at }) => at)).toEqual([
      "/v1/tasks/..%2Fx%3Fy",
      "/v1/tasks/task_1/files/out/a%20b%25.md",
      "/v1/tasks?status=dead&limit=5&label.team=a%26b",
      "/v1/batches?labels=%7B%22team%22%3A%22ops%22%7D&dry_run=true",
      "/healthz",
    ]);
    expect(received[3]).toMatchObject({
      body: "{}\n",
      headers: { "content-type": "application/x-ndjson" },
    });
    expect(received[4]?.headers).not.toHaveProperty("authorization");
  });

  test("says how it is sent: no redirect is followed, and the signal is the caller's", async () => {
    const { signal } = new AbortController();
    const sent: RequestInit[] = [];
    const fleet = fleetClient({
      url: "https://fleet.example",
      key: "k",
      fetch: async (_url, init) => {
        sent.push(init);
        return Response.json(taskWith({}));
      },
    });
    await fleet("GET /v1/tasks/:id", { id: "task_1", signal });
    await fleet("GET /v1/tasks/:id", { id: "task_1" });
    expect(sent).toMatchObject([{ redirect: "manual", signal }, { redirect: "manual" }]);
    expect(sent[1]?.signal).toBeInstanceOf(AbortSignal);
  });
});

describe("a refusal is a value", () => {
  const answering = (answer: Response | Error) =>
    fleetClient({
      url: "https://fleet.example",
      key: "k",
      fetch: async () => {
        if (answer instanceof Error) throw answer;
        return answer;
      },
    });
  const error = { code: "too_many_requests", message: "come back", details: [] };
  const timeout = new DOMException("over", "TimeoutError");
  const refused = new TypeError("fetch failed", {
    cause: Object.assign(new Error(), { code: "ECONNREFUSED" }),
  });
  const moved = new Response(null, { status: 302, headers: { location: "https://evil.example/" } });

  test.each<[string, Response | Error, Partial<Refusal>]>([
    [
      "of the API, with its code, and when to come back",
      Response.json({ error }, { status: 429, headers: { "retry-after": "7" } }),
      { code: "too_many_requests", status: 429, message: "come back", retryAfterSeconds: 7 },
    ],
    ["of a network", refused, { code: "unreachable", status: 0, cause: refused }],
    ["of a clock", timeout, { code: "aborted", status: 0 }],
    ["of a page", new Response("<html>"), { code: "not_a_fleet", status: 200 }],
    ["of a redirect", moved, { code: "not_a_fleet", status: 302 }],
    ["of an error without our words", Response.json({}, { status: 500 }), { code: "not_a_fleet" }],
    [
      "of half an answer",
      new Response('{"id', { headers: { "content-type": "application/json" } }),
      { code: "not_a_fleet" },
    ],
  ])("%s", async (_name, answer, told) => {
    expect(await answering(answer)("GET /v1/stats")).toMatchObject({ ok: false, ...told });
  });
});

test("lines come as they are read, over the borders of parts, and break where they break", async () => {
  const parts = ['{"task_id":"é1"}\n{"task_', 'id":"2"}\n', "{broken"];
  const bytes = new TextEncoder().encode(parts.join(""));
  const body = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 5) controller.enqueue(bytes.slice(at, at + 5));
      controller.close();
    },
  });
  const headers = { "content-type": "application/x-ndjson" };
  const fleet = fleetClient({
    url: "https://f.example",
    key: "k",
    fetch: async () => new Response(body, { headers }),
  });
  const results = await fleet("GET /v1/batches/:id/results", { id: "batch_1" });
  const seen: string[] = [];
  const reading = async () => {
    if (results.ok) for await (const line of results.value) seen.push(line.task_id);
  };
  await expect(reading()).rejects.toThrow(SyntaxError);
  expect(seen).toEqual(["é1", "2"]);
});

test("the types are those of the operations", () => {
  const fleet = fleetClient({
    url: "https://f.example",
    key: "k",
    fetch: async () => new Response(),
  });
  const check = async () => {
    const task = await fleet("GET /v1/tasks/:id", { id: "x" });
    if (task.ok) expectTypeOf(task.value.status).toEqualTypeOf<Status>();
    else if (task.code === "too_many_requests") {
      expectTypeOf(task.retryAfterSeconds).toEqualTypeOf<number | null>();
    } else if (task.code === "unreachable") expectTypeOf(task.cause).toBeUnknown();
    const results = await fleet("GET /v1/batches/:id/results", { id: "x" });
    expectTypeOf(results).toEqualTypeOf<Answer<AsyncIterable<ResultLine>>>();
    // @ts-expect-error the path has an id
    await fleet("GET /v1/tasks/:id", {});
    // @ts-expect-error no such field of a task
    await fleet("POST /v1/tasks", { body: { promt: "x" } });
    // @ts-expect-error no such call
    await fleet("GET /v1/task");
  };
  expect(check).toBeTypeOf("function");
});
