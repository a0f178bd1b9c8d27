import { describe, expect, test } from "vitest";
import type { Problem } from "../../producer/http/problem.ts";
import { batchObject, statusOf } from "../../producer/openai/batches/batch_object.ts";
import type { OpenAiBatchRequest } from "../../producer/openai/batches/batch_request.ts";
import { openAiProblemResponse } from "../../producer/openai/error_response.ts";
import { outputText } from "../../producer/openai/results/result_body.ts";
import { resultLine } from "../../producer/openai/results/result_line.ts";
import { noUsage } from "../../shared/spend/usage.ts";
import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import type { Tally } from "../../shared/store/batches/tallies.ts";
import type { OutputRow } from "../../shared/store/openai/output_rows.ts";

const usage = { ...noUsage, prompt_tokens: 30, cached_tokens: 10, completion_tokens: 5 };
const row: OutputRow = {
  id: "task_01-000000",
  tenant: "default",
  custom_id: "a",
  status: "succeeded",
  reason: "completed",
  model: "small",
  labels: '{"team":"ops"}',
  output: null,
  result_key: null,
  error: null,
  usage: JSON.stringify(usage),
  created_at: 1_000,
  finished_at: 2_500,
  structured: false,
};

describe("the result line of a succeeded task", () => {
  test("a result line holds a chat completion with the usage of all its calls", () => {
    expect(resultLine("/v1/chat/completions", row, { text: "yes" }, false)).toMatchObject({
      id: "batch_req_01-000000",
      custom_id: "a",
      error: null,
      response: {
        status_code: 200,
        request_id: "task_01-000000",
        body: {
          id: "chatcmpl-01-000000",
          object: "chat.completion",
          created: 2,
          model: "small",
          choices: [{ message: { role: "assistant", content: "yes" }, finish_reason: "stop" }],
          usage: {
            prompt_tokens: 30,
            completion_tokens: 5,
            total_tokens: 35,
            prompt_tokens_details: { cached_tokens: 10 },
          },
        },
      },
    });
  });

  test("a result line holds a response with the usage of all its calls", () => {
    expect(resultLine("/v1/responses", row, { n: 1 }, true)).toMatchObject({
      response: {
        body: {
          id: "resp_01-000000",
          created_at: 2,
          output: [{ content: [{ type: "output_text", text: '{"n":1}' }] }],
          metadata: { team: "ops" },
          usage: { input_tokens: 30, output_tokens: 5, total_tokens: 35 },
        },
      },
    });
  });

  test.each<[output: unknown, structured: boolean, text: string]>([
    [{ text: "yes" }, false, "yes"],
    [{ text: "yes" }, true, '{"text":"yes"}'],
    [[1, 2], true, "[1,2]"],
    [null, false, "null"],
  ])("the output %j (own schema: %s) has the text %s", (output, structured, text) => {
    expect(outputText(output, structured)).toBe(text);
  });
});

test.each<[status: OutputRow["status"], error: string | null, code: string]>([
  ["expired", null, "batch_expired"],
  ["cancelled", null, "batch_cancelled"],
  ["failed", '{"code":"invalid_output","message":"No answer fits."}', "invalid_output"],
  ["dead", null, "attempts_exhausted"],
])(
  "the line of a task that is %s with the error %s has no response and the code %s",
  (status, error, code) => {
    const failedRow = { ...row, status, error, reason: "attempts_exhausted" as const };
    expect(resultLine("/v1/responses", failedRow, null, false)).toMatchObject({
      custom_id: "a",
      response: null,
      error: { code, message: expect.stringMatching(/./) },
    });
  },
);

describe("a batch", () => {
  const counts = { total: 3, queued: 0, running: 0, succeeded: 2, failed: 0, dead: 1 };
  const tally = (overrides: object): Tally => ({
    counts: { ...counts, cancelled: 0, expired: 0, ...overrides },
    usage,
    quality: null,
    startedAt: null,
    finishedAt: null,
  });
  const batch = {
    id: "batch_1",
    status: "running",
    created_at: 1_000,
    finished_at: null,
    cancel_requested_at: null,
    problem: null,
  } as BatchRow;
  const request: OpenAiBatchRequest = {
    endpoint: "/v1/responses",
    input_file_id: "file-1",
    completion_window: "24h",
    metadata: { a: "b" },
    expires_at: 86_401_000,
  };
  const files = [{ id: "file-2", holds: "output" as const }];
  const finished = { status: "finished", finished_at: 9_000 } as const;

  test.each<[status: string, row: Partial<BatchRow>, counts: object, files: typeof files]>([
    ["in_progress", {}, {}, []],
    ["cancelling", { cancel_requested_at: 2_000 }, {}, []],
    ["finalizing", finished, {}, []],
    ["completed", finished, {}, files],
    ["expired", finished, { expired: 1 }, files],
    ["cancelled", { ...finished, cancel_requested_at: 2_000 }, { expired: 1 }, files],
    ["failed", { ...finished, problem: "{}" }, {}, []],
  ])("a batch has the status %s", (status, overrides, counted, outputFiles) => {
    expect(statusOf({ ...batch, ...overrides }, tally(counted), outputFiles)).toBe(status);
    const object = batchObject({ ...batch, ...overrides }, request, tally(counted), outputFiles);
    // Only the final status that it reached has a time.
    for (const final of ["completed", "failed", "expired", "cancelled"] as const) {
      expect([final, object[`${final}_at`]]).toEqual([final, final === status ? 9 : null]);
    }
  });

  test("a batch has times in seconds and counts every task without output as failed", () => {
    expect(
      batchObject({ ...batch, ...finished }, request, tally({ expired: 1 }), files),
    ).toMatchObject({
      object: "batch",
      created_at: 1,
      in_progress_at: 1,
      finalizing_at: 9,
      expires_at: 86_401,
      request_counts: { total: 3, completed: 2, failed: 2 },
      output_file_id: "file-2",
      error_file_id: null,
      metadata: { a: "b" },
      usage: { input_tokens: 30, output_tokens: 5, total_tokens: 35 },
    });
  });
});

test.each<[problem: Problem, status: number, error: object, retry: string | null]>([
  [
    { kind: "refused", message: "m", details: [{ path: "a", message: "b", code: "c" }] },
    400,
    { message: "a: b", type: "invalid_request_error", param: "a", code: "c" },
    null,
  ],
  [
    {
      kind: "refused",
      message: "m",
      details: [
        { path: "a", message: "b" },
        { path: "c", message: "d" },
      ],
    },
    400,
    { message: "a: b, and 1 more", param: "a", code: "invalid_value" },
    null,
  ],
  [
    { kind: "unauthorized", message: "m" },
    401,
    { type: "authentication_error", code: "invalid_api_key", param: null },
    null,
  ],
  [
    { kind: "forbidden", message: "m" },
    403,
    { type: "permission_error", code: "insufficient_permissions" },
    null,
  ],
  [{ kind: "not_found", message: "m" }, 404, { code: "not_found" }, null],
  [{ kind: "conflict", message: "m" }, 409, { code: "conflict" }, "false"],
  [
    { kind: "too_many_requests", message: "m", retryAfterSeconds: 3 },
    429,
    { type: "rate_limit_error", code: "rate_limit_exceeded" },
    null,
  ],
  [{ kind: "unavailable", message: "m" }, 503, { type: "server_error" }, null],
])("the problem %j is answered with %i", async (problem, status, error, retry) => {
  const response = openAiProblemResponse(problem);
  expect([response.status, response.headers.get("x-should-retry")]).toEqual([status, retry]);
  expect(await response.json()).toMatchObject({ error });
});
