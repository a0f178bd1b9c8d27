import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, expectTypeOf, test } from "vitest";
import type { ResultLine } from "../../../../producer/api/batches/responses.ts";
import { type CallError, type CallResult, fleetClient } from "../../../../producer/client/index.ts";
import type { Status } from "../../../../shared/task/states.ts";
import { batchWith, fakeFleet, taskWith } from "../fake_fleet.ts";

const root = path.resolve(import.meta.dirname, "../../../..");
const run = promisify(execFile);

test("the example in docs/api.md is examples/client.ts, and it runs", async () => {
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
  test("escapes its input in the path and the query", async () => {
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

  test("does not follow redirects and uses the signal of the caller", async () => {
    const { signal } = new AbortController();
    const requests: RequestInit[] = [];
    const fleet = fleetClient({
      url: "https://fleet.example",
      key: "k",
      fetch: async (_url, init) => {
        requests.push(init);
        return Response.json(taskWith({}));
      },
    });
    await fleet("GET /v1/tasks/:id", { id: "task_1", signal });
    await fleet("GET /v1/tasks/:id", { id: "task_1" });
    expect(requests).toMatchObject([{ redirect: "manual", signal }, { redirect: "manual" }]);
    expect(requests[1]?.signal).toBeInstanceOf(AbortSignal);
  });
});

describe("an error is a value", () => {
  const clientOf = (response: Response | Error) =>
    fleetClient({
      url: "https://fleet.example",
      key: "k",
      fetch: async () => {
        if (response instanceof Error) throw response;
        return response;
      },
    });
  const error = { code: "too_many_requests", message: "come back", details: [] };
  const timeout = new DOMException("over", "TimeoutError");
  const unreachable = new TypeError("fetch failed", {
    cause: Object.assign(new Error(), { code: "ECONNREFUSED" }),
  });
  const redirect = new Response(null, {
    status: 302,
    headers: { location: "https://evil.example/" },
  });

  test.each<[string, Response | Error, Partial<CallError>]>([
    [
      "of the API, with its code and retry-after",
      Response.json({ error }, { status: 429, headers: { "retry-after": "7" } }),
      { code: "too_many_requests", status: 429, message: "come back", retryAfterSeconds: 7 },
    ],
    ["of a network", unreachable, { code: "unreachable", status: 0, cause: unreachable }],
    ["of a timeout", timeout, { code: "aborted", status: 0 }],
    ["of an HTML page", new Response("<html>"), { code: "not_a_fleet", status: 200 }],
    ["of a redirect", redirect, { code: "not_a_fleet", status: 302 }],
    ["of an error in another format", Response.json({}, { status: 500 }), { code: "not_a_fleet" }],
    [
      "of a truncated response",
      new Response('{"id', { headers: { "content-type": "application/json" } }),
      { code: "not_a_fleet" },
    ],
  ])("%s", async (_name, response, error) => {
    expect(await clientOf(response)("GET /v1/stats")).toMatchObject({ ok: false, error });
  });
});

test("NDJSON lines arrive as they are read, across chunks, and reject at an invalid line", async () => {
  const parts = ['{"task_id":"é1"}\n{"task_', 'id":"2"}\n', "{broken"];
  const bytes = new TextEncoder().encode(parts.join(""));
  const body = new ReadableStream({
    start(controller) {
      for (let offset = 0; offset < bytes.length; offset += 5)
        controller.enqueue(bytes.slice(offset, offset + 5));
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
  const taskIds: string[] = [];
  const reading = async () => {
    if (results.ok) for await (const line of results.value) taskIds.push(line.task_id);
  };
  await expect(reading()).rejects.toThrow(SyntaxError);
  expect(taskIds).toEqual(["é1", "2"]);
});

test("the types match the operations", () => {
  const fleet = fleetClient({
    url: "https://f.example",
    key: "k",
    fetch: async () => new Response(),
  });
  const check = async () => {
    const task = await fleet("GET /v1/tasks/:id", { id: "x" });
    if (task.ok) expectTypeOf(task.value.status).toEqualTypeOf<Status>();
    else if (task.error.code === "too_many_requests") {
      expectTypeOf(task.error.retryAfterSeconds).toEqualTypeOf<number | null>();
    } else if (task.error.code === "unreachable") expectTypeOf(task.error.cause).toBeUnknown();
    const results = await fleet("GET /v1/batches/:id/results", { id: "x" });
    expectTypeOf(results).toEqualTypeOf<CallResult<AsyncIterable<ResultLine>>>();
    // @ts-expect-error the path needs an id
    await fleet("GET /v1/tasks/:id", {});
    // @ts-expect-error a task has no such field
    await fleet("POST /v1/tasks", { body: { promt: "x" } });
    // @ts-expect-error there is no such call
    await fleet("GET /v1/task");
  };
  expect(check).toBeTypeOf("function");
});
