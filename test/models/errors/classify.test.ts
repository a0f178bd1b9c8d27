import { describe, expect, test } from "vitest";
import { classify, classifyThrown } from "../../../consumer/models/errors/classify.ts";
import { retryAfterMs } from "../../../consumer/models/errors/wait.ts";
import { modelLimits } from "../../../shared/limits.ts";

const nowMs = Date.UTC(2026, 10, 22, 18, 0, 0);
const answer = (status: number | null, body: unknown, retryAfter: string | null = null) =>
  classify({ status, body, retryAfter, nowMs });
const coded = (code: number, message = "said") => ({ errors: [{ code, message }] });

describe("an endpoint's error is one of our failures", () => {
  const rows: [name: string, status: number | null, body: unknown, code: string][] = [
    ["3040 busy", 429, coded(3040), "model_busy"],
    [
      "3040 whatever it says",
      429,
      coded(3040, "billing, moderation, context length"),
      "model_busy",
    ],
    ["429 without a code", 429, "Too many requests", "model_busy"],
    ["3036 quota", 429, coded(3036), "model_quota"],
    [
      "4006 quota",
      429,
      { internalCode: 4006, message: "you have used up your daily free allocation" },
      "model_quota",
    ],
    [
      "quota in words",
      429,
      { error: "used up your daily free allocation of 10,000 neurons" },
      "model_quota",
    ],
    ["3007 timeout", 408, coded(3007), "model_deadline"],
    ["3046 timeout", 408, coded(3046), "model_deadline"],
    ["3008 aborted", 408, coded(3008), "model_deadline"],
    ["2014 gateway timeout", 502, coded(2014), "model_deadline"],
    ["408", 408, "", "model_deadline"],
    ["504", 504, "upstream timed out", "model_deadline"],
    ["524", 524, "", "model_deadline"],
    ["5006 invalid input", 400, coded(5006), "model_rejected"],
    ["8001 invalid input", 400, coded(8001), "model_rejected"],
    ["8006 forced tool", 400, coded(8006), "model_rejected"],
    ["5023 JSON mode while streaming", 400, coded(5023), "model_rejected"],
    ["5024 JSON mode unmet", 400, coded(5024), "model_rejected"],
    ["5021 overflow", 400, coded(5021), "model_overflow"],
    ["3006 too large", 413, coded(3006), "model_overflow"],
    ["413", 413, "", "model_overflow"],
    [
      "overflow as OpenAI names it",
      400,
      { error: { code: "context_length_exceeded", message: "too long" } },
      "model_overflow",
    ],
    [
      "overflow as llama.cpp says it",
      400,
      { error: { code: 400, message: "the request exceeds the available context size" } },
      "model_overflow",
    ],
    [
      "overflow as vLLM says it",
      400,
      { message: "This model's maximum context length is 4096 tokens" },
      "model_overflow",
    ],
    [
      "overflow as Ollama says it",
      500,
      { error: "no user query found in messages" },
      "model_overflow",
    ],
    ["3030 filtered", 400, coded(3030), "model_refused"],
    [
      "filtered in words",
      400,
      { error: { code: "content_filter", message: "no" } },
      "model_refused",
    ],
    ["5007 no such model", 400, coded(5007), "model_not_found"],
    ["5035 needs a paid plan", 403, coded(5035), "model_rejected"],
    ["3042 no such model", 404, coded(3042), "model_not_found"],
    [
      "401",
      401,
      { error: { message: "the context length is fine, the key is not" } },
      "model_rejected",
    ],
    ["403", 403, "no", "model_rejected"],
    ["404", 404, "no such route", "model_not_found"],
    [
      "an empty purse",
      429,
      { error: { code: "insufficient_quota", message: "You exceeded your current quota" } },
      "model_unpaid",
    ],
    ["an unknown 4xx", 418, { error: { code: 9999, message: "teapot" } }, "model_rejected"],
    ["a redirect", 307, "", "model_rejected"],
    ["3043 internal", 500, coded(3043), "model_unavailable"],
    ["500", 500, "oops", "model_unavailable"],
    [
      "502 in HTML",
      502,
      "<html><style>b{}</style><h1>Bad gateway</h1></html>",
      "model_unavailable",
    ],
    ["503", 503, null, "model_unavailable"],
    ["an unknown 5xx", 599, { x: 1 }, "model_unavailable"],
    ["no status and no code", null, { error: { message: "odd" } }, "model_unavailable"],
    ["no status and an unknown code", null, coded(9999), "model_unavailable"],
  ];
  test.each(rows)("%s", (_name, status, body, code) => {
    expect(answer(status, body).code).toBe(code);
  });
});

describe("what was thrown is one of our failures", () => {
  const withName = (name: string, message: string) => Object.assign(new Error(message), { name });
  const rows: [name: string, thrown: unknown, code: string][] = [
    [
      "the binding's busy",
      withName("AiError", "3040: Capacity temporarily exceeded, please try again."),
      "model_busy",
    ],
    [
      "the binding's overflow",
      withName("InferenceUpstreamError", "5021: too long (24000)"),
      "model_overflow",
    ],
    [
      "the binding's schema error",
      withName("AiError", "5006: Error: oneOf at '/' not met"),
      "model_rejected",
    ],
    [
      "an error body as the message",
      withName("AiError", '{"internalCode":3036,"message":"used up"}'),
      "model_quota",
    ],
    ["our own deadline", new DOMException("timed out", "TimeoutError"), "model_deadline"],
    ["the caller's stop", new DOMException("aborted", "AbortError"), "model_deadline"],
    ["a refused connection", new TypeError("fetch failed"), "model_unavailable"],
    ["a lost connection", new Error("Network connection lost."), "model_unavailable"],
    ["a string", "boom", "model_unavailable"],
    ["nothing", undefined, "model_unavailable"],
  ];
  test.each(rows)("%s", (_name, thrown, code) => {
    expect(classifyThrown(thrown, nowMs).code).toBe(code);
  });
});

describe("Retry-After is read", () => {
  const rows: [string | null, number | undefined][] = [
    ["3", 3_000],
    ["0.5", 500],
    ["0", 0],
    ["-5", 0],
    ["Sun, 22 Nov 2026 18:00:30 GMT", 30_000],
    ["Sun, 22 Nov 2026 17:00:00 GMT", 0],
    ["99999999999", modelLimits.retryAfterMsMax],
    ["soon", undefined],
    ["", undefined],
    [null, undefined],
  ];
  test.each(rows)("%j", (value, expected) => {
    expect(retryAfterMs(value, nowMs)).toBe(expected);
  });
});

test("a busy endpoint's wait, status and code are in the failure", () => {
  expect(answer(429, coded(3040, "Capacity"), "7")).toEqual({
    code: "model_busy",
    message: "The model's endpoint answered HTTP 429, code 3040: Capacity",
    retryAfterMs: 7_000,
    status: 429,
    endpointCode: 3040,
  });
});

test("an exhausted allocation waits until midnight UTC, whatever the header says", () => {
  expect(answer(429, coded(3036), "7").retryAfterMs).toBe(6 * 3_600_000);
});

test("an endless message is cut, and markup is left out", () => {
  expect(answer(500, "x".repeat(100_000)).message.length).toBeLessThanOrEqual(
    modelLimits.errorTextCharsMax,
  );
  expect(answer(502, "<style>b{}</style><h1>Bad gateway</h1>").message).toMatch(/: Bad gateway$/);
});

describe("an overflow failure has the model's window if the endpoint reports it", () => {
  test.each([
    [
      "Workers AI",
      coded(5021, "The estimated number of tokens exceeds the window (24000)"),
      24_000,
    ],
    [
      "vLLM",
      { message: "This model's maximum context length is 4,096 tokens. However, you" },
      4_096,
    ],
    [
      "OpenAI",
      {
        error: {
          code: "context_length_exceeded",
          message: "This model's maximum context length is 128000 tokens",
        },
      },
      128_000,
    ],
    [
      "llama.cpp, as a field",
      {
        error: {
          code: 400,
          type: "exceed_context_size_error",
          message: "the request exceeds the available context size",
          n_ctx: 8_192,
        },
      },
      8_192,
    ],
    ["no window", coded(3006, "too large"), undefined],
    ["a number that is not a window", coded(5021, "exceeds (24)"), undefined],
  ])("%s", (_case, body, windowTokens) => {
    const failed = answer(400, body);
    expect(failed.code).toBe("model_overflow");
    expect(failed.windowTokens).toBe(windowTokens);
  });
});
