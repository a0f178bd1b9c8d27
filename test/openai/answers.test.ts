import { describe, expect, test } from "vitest";
import type { Problem } from "../../producer/http/problem.ts";
import { textOf } from "../../producer/openai/answer_body.ts";
import { answerLine } from "../../producer/openai/answer_line.ts";
import { batchObject, statusOf } from "../../producer/openai/batch_object.ts";
import type { OpenAiFacts } from "../../producer/openai/facts.ts";
import { openAiProblem } from "../../producer/openai/problem.ts";
import type { AnswerRow } from "../../shared/store/answers.ts";
import type { BatchRow } from "../../shared/store/batches.ts";
import type { Tally } from "../../shared/store/tallies.ts";
import { noUsage } from "../../shared/usage.ts";

const usage = { ...noUsage, prompt_tokens: 30, cached_tokens: 10, completion_tokens: 5 };
const row: AnswerRow = {
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
  structured: 0,
  large: 0,
};

describe("a task that succeeded", () => {
  test("answers a chat completion with the usage of all its calls", () => {
    expect(answerLine("/v1/chat/completions", row, { text: "yes" }, false)).toMatchObject({
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

  test("answers a response likewise", () => {
    expect(answerLine("/v1/responses", row, { n: 1 }, true)).toMatchObject({
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
  ])("whose output is %j (a schema of its own: %s) says %s", (output, structured, text) => {
    expect(textOf(output, structured)).toBe(text);
  });
});

test.each<[status: AnswerRow["status"], error: string | null, code: string]>([
  ["expired", null, "batch_expired"],
  ["cancelled", null, "batch_cancelled"],
  ["failed", '{"code":"invalid_output","message":"No answer fits."}', "invalid_output"],
  ["dead", null, "attempts_exhausted"],
])("a task that is %s with the error %s has no response and the code %s", (status, error, code) => {
  const bad = { ...row, status, error, reason: "attempts_exhausted" as const };
  expect(answerLine("/v1/responses", bad, null, false)).toMatchObject({
    custom_id: "a",
    response: null,
    error: { code, message: expect.stringMatching(/./) },
  });
});

describe("a batch", () => {
  const counts = { total: 3, queued: 0, running: 0, succeeded: 2, failed: 0, dead: 1 };
  const tally = (more: object): Tally => ({
    counts: { ...counts, cancelled: 0, expired: 0, ...more },
    usage,
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
  const facts: OpenAiFacts = {
    endpoint: "/v1/responses",
    input_file_id: "file-1",
    completion_window: "24h",
    metadata: { a: "b" },
    expires_at: 86_401_000,
  };
  const files = [{ id: "file-2", holds: "output" as const }];
  const ended = { status: "finished", finished_at: 9_000 } as const;

  test.each<[is: string, row: Partial<BatchRow>, counts: object, files: typeof files]>([
    ["in_progress", {}, {}, []],
    ["cancelling", { cancel_requested_at: 2_000 }, {}, []],
    ["finalizing", ended, {}, []],
    ["completed", ended, {}, files],
    ["expired", ended, { expired: 1 }, files],
    ["cancelled", { ...ended, cancel_requested_at: 2_000 }, { expired: 1 }, files],
    ["failed", { ...ended, problem: "{}" }, {}, []],
  ])("is %s", (is, more, counted, left) => {
    expect(statusOf({ ...batch, ...more }, tally(counted), left)).toBe(is);
    const told = batchObject({ ...batch, ...more }, facts, tally(counted), left);
    // Of the ends, the one that it met alone has a time.
    for (const end of ["completed", "failed", "expired", "cancelled"] as const) {
      expect([end, told[`${end}_at`]]).toEqual([end, end === is ? 9 : null]);
    }
  });

  test("counts in seconds, and everything that is no output as failed", () => {
    expect(batchObject({ ...batch, ...ended }, facts, tally({ expired: 1 }), files)).toMatchObject({
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
])("%j is answered with %i", async (problem, status, error, retry) => {
  const answer = openAiProblem(problem);
  expect([answer.status, answer.headers.get("x-should-retry")]).toEqual([status, retry]);
  expect(await answer.json()).toMatchObject({ error });
});
