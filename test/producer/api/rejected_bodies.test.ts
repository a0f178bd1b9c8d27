import { describe, expect, it } from "vitest";
import { expectRejected, task } from "../client.ts";

const nestedList = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;

describe("an unreadable body is rejected with the position of the error", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const latin = new Uint8Array([...bytes('{"prompt": "caf'), 0xe9, ...bytes('"}')]);
  it.each<[name: string, body: string | Uint8Array, expected: RegExp]>([
    ["text that is not JSON", "hello", /position 0 \(line 1, column 1\) expected a value/],
    ["an empty body", "", /found the end/],
    ["a trailing comma", '{\n"prompt": "x",\n}', /line 3, column 1\) expected a field name/],
    ["single quotes", "{'prompt': 'x'}", /position 1 .*double quotes/],
    ["a missing comma", '{"prompt": "x" "model": "y"}', /position 15 .*expected "," or "}"/],
    ["a second value", '{"prompt": "x"} {}', /nothing more/],
    ["a raw line break in a string", '{"prompt": "a\nb"}', /\\n/],
    ["latin-1", latin, /invalid UTF-8 at byte 15/],
    ["65 levels of lists", nestedList(65), /65 levels deep; the maximum is 64/],
    ["a hundred thousand levels", nestedList(100_000), /flatten it/],
  ])("%s", async (_name, body, expected) => {
    const { status, error } = await expectRejected("POST", "/v1/tasks", body);
    expect(status).toBe(400);
    expect(error.code).toBe("unreadable");
    expect(error.message).toMatch(expected);
  });
});

describe("a body over its limit is rejected", () => {
  const two = "x".repeat(2_000_000);
  it.each<[name: string, body: () => BodyInit]>([
    ["by its content-length", () => JSON.stringify(task({ prompt: two }))],
    [
      "while it streams, without a length",
      () => new Blob([JSON.stringify(task({ prompt: two }))]).stream(),
    ],
  ])("%s", async (_name, body) => {
    const { status, error } = await expectRejected("POST", "/v1/tasks", body());
    expect(status).toBe(413);
    expect(error.message).toMatch(/1,000,000 bytes.*PUT \/v1\/inputs/);
  });
});

describe("a request with a wrong type, method, path or query is rejected", () => {
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
    ["a method that the path does not have", "DELETE", "/v1/tasks", undefined, {}, 405, /GET|POST/],
    ["an unknown path", "GET", "/v1/nothing", undefined, {}, 404, /docs/],
    ["an invalid task id", "GET", "/v1/tasks/1%27--", undefined, {}, 404, /no task/],
    ["an invalid batch id", "GET", "/v1/batches/x", undefined, {}, 404, /no batch/],
    ["an unknown query field", "GET", "/v1/tasks?state=dead", undefined, {}, 422, /invalid query/],
    ["an unknown status", "GET", "/v1/tasks?status=done", undefined, {}, 422, /invalid query/],
  ])("%s", async (_name, method, path, body, headers, status, expected) => {
    const rejected = await expectRejected(method, path, body, headers);
    expect(rejected.status).toBe(status);
    expect(rejected.error.message).toMatch(expected);
    if (status === 405) expect(rejected.headers.get("allow")).toBe("POST, GET");
  });
});
