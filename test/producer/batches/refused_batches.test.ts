import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Detail } from "../../../producer/http/problem.ts";
import { expectRejected, lines, ndjson, task } from "../client.ts";

describe("a batch with invalid tasks is rejected as a whole", () => {
  const twenty = Array.from({ length: 20 }, (_, index) => task({ custom_id: `c${index}` }));

  it("the error lists lines 3 and 17", async () => {
    const invalid: unknown[] = [...twenty];
    invalid[2] = { ...task(), promt: "x" };
    invalid[16] = '{"prompt": ';
    const { status, error } = await expectRejected("POST", "/v1/batches", lines(invalid), ndjson);
    expect(status).toBe(400);
    expect(error.details).toMatchObject([
      { line: 3, path: "promt", message: expect.stringContaining('did you mean "prompt"') },
      { line: 17, path: "", message: expect.stringContaining("position 11") },
    ]);
    expect(error.message).toMatch(/2 tasks are invalid, so no task was accepted/);
    expect((await env.OBJECTS.list({ prefix: "batches/" })).objects).toEqual([]);
  });

  it.each<
    [string, string | object, Record<string, string>, string, number, Partial<Detail>, RegExp]
  >([
    ["a line in latin-1", "", {}, "", 400, { line: 1, path: "" }, /UTF-8/],
    [
      "a repeated custom_id",
      lines([task({ custom_id: "a" }), task(), task({ custom_id: "a" })]),
      ndjson,
      "",
      422,
      { line: 3, path: "custom_id" },
      /already used on line 1/,
    ],
    [
      "a line with its own idempotency key",
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
      "defaults that are not JSON",
      lines([task()]),
      ndjson,
      "?defaults=%7B",
      422,
      { path: "defaults" },
      /invalid JSON/,
    ],
    ["only blank lines", "\n \n", ndjson, "", 422, { path: "tasks" }, /at least one/],
    [
      "an invalid task in a JSON list",
      { tasks: [task(), { prompt: "x", limits: { steps: 0 } }] },
      {},
      "",
      422,
      { path: "tasks[1].limits.steps" },
      /from 1 to 500/,
    ],
    ["a JSON batch without tasks", { jobs: [] }, {}, "", 422, { path: "jobs" }, /unknown field/],
    [
      "an unknown limit in a JSON batch",
      { tasks: [task()], limits: { steps: 3 } },
      {},
      "",
      422,
      { path: "limits.steps" },
      /unknown field/,
    ],
  ])(
    "%s is reported with its place",
    async (name, body, headers, query, status, place, message) => {
      const latin = new Uint8Array([0x22, 0xe9, 0x22, 0x0a]);
      const sent = name === "a line in latin-1" ? latin : body;
      const type = name === "a line in latin-1" ? ndjson : headers;
      const answer = await expectRejected("POST", `/v1/batches${query}`, sent, type);
      expect(answer.status).toBe(status);
      const fault = answer.error.details?.find((detail) => detail.path === place.path);
      expect(fault).toMatchObject(place);
      expect(fault?.message).toMatch(message);
    },
  );

  it("the error lists the first hundred invalid lines and counts the others", async () => {
    const invalid = Array.from({ length: 250 }, () => "{}");
    const { error } = await expectRejected("POST", "/v1/batches", lines(invalid), ndjson);
    expect(new Set(error.details?.map((detail) => detail.line)).size).toBe(100);
    expect(error.message).toMatch(/250 tasks are invalid.*150 more are not listed/);
  });

  it("a line that is longer than a task may be is invalid", async () => {
    const longTask = task({ prompt: "x".repeat(1_100_000) });
    const { status, error } = await expectRejected(
      "POST",
      "/v1/batches",
      lines([task(), longTask]),
      ndjson,
    );
    expect(status).toBe(400);
    expect(error.details).toMatchObject([{ line: 2 }]);
  });
});
