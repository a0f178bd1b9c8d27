import { describe, expect, test } from "vitest";
import { classify } from "../../../consumer/models/errors/classify.ts";
import { waitHeader } from "../../../consumer/models/errors/wait.ts";
import { modelLimits } from "../../../shared/limits.ts";
import { endpointErrorClass } from "../../../shared/task/failures.ts";
import { errorRows } from "./error_table.ts";

const nowMs = Date.UTC(2026, 10, 22, 18, 0, 0);
const rows = errorRows(nowMs);

test("the table holds at least 200 error bodies of at least 20 servers", () => {
  expect(rows.length).toBeGreaterThanOrEqual(200);
  const servers = new Set(rows.map(({ id }) => id.replace(/(?:-\d+|:.*)$/, "")));
  expect(servers.size).toBeGreaterThanOrEqual(20);
});

describe("an error is classified with its wait, its window and its words", () => {
  test.each(rows.map((row) => [row.id, row] as const))("%s", (_id, row) => {
    const retryAfter = waitHeader(new Headers(row.headers), nowMs);
    const failed = classify({ status: row.status, retryAfter, body: row.body, nowMs });
    expect(endpointErrorClass(failed)).toBe(row.is);
    expect(failed.retryAfterMs).toBe(
      row.waitMs ?? (failed.code === "model_quota" ? 21_600_000 : undefined),
    );
    if (row.window !== undefined) expect(failed.windowTokens).toBe(row.window);
    if (row.says !== undefined) expect(failed.message).toContain(row.says);
    expect(failed.message.length).toBeLessThanOrEqual(modelLimits.errorTextCharsMax);
  });
});

test("a page names itself and the address that sent it", () => {
  const url = "http://127.0.0.1:8000/chat/completions";
  const body = "<!doctype html><html><title>Not here</title></html>";
  const failed = classify({ status: 404, retryAfter: null, body, nowMs, url });
  expect(failed.message).toContain(`an HTML page at ${url}: Not here`);
  expect(failed.message).toContain("MODEL_BASE_URL");
});

describe("a wait in the headers", () => {
  test.each([
    ["an instant in seconds", { "x-ratelimit-reset": String(nowMs / 1_000 + 30) }, "30"],
    ["an instant in milliseconds", { "x-ratelimit-reset": String(nowMs + 30_000) }, "30"],
    ["a date", { "anthropic-ratelimit-requests-reset": "2026-11-22T18:00:09Z" }, "9"],
    [
      "a reset of what is not used up",
      { "ratelimit-remaining": "3", "ratelimit-reset": "8" },
      null,
    ],
    ["unreadable text", { "retry-after": "soon" }, null],
  ])("is read from %s", (_name, headers, expected) => {
    expect(waitHeader(new Headers(headers as Record<string, string>), nowMs)).toBe(expected);
  });
});
