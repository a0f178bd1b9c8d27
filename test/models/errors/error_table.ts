/**
 * The table of errors: each server's envelope × each failure, with the class, the wait and the window
 * that must come out, and next to it single errors as servers send them (observed_errors.ndjson).
 */
import type { EndpointErrorClass } from "../../../shared/task/failures.ts";
import observed from "./observed_errors.ndjson?raw";

export interface ErrorRow {
  id: string;
  status: number;
  headers?: Record<string, string>;
  body: unknown;
  is: EndpointErrorClass;
  waitMs?: number;
  window?: number;
  /** A part of the message that the operator reads. */
  says?: string;
}

/** The fields of one server's error, without its envelope. */
interface ErrorFields {
  message: string;
  type?: string;
  code?: string | number;
}

const envelopes: Readonly<Record<string, (fault: ErrorFields, status: number) => unknown>> = {
  openai: ({ message, type = "invalid_request_error", code = null as never }) => ({
    error: { message, type, param: null, code },
  }),
  vllm: ({ message, type = "BadRequestError" }, status) => ({
    object: "error",
    message,
    type,
    param: null,
    code: status,
  }),
  nested_vllm: ({ message, type = "BadRequestError" }, status) => ({
    error: { message, type, param: null, code: status },
  }),
  fastapi: ({ message, type = "value_error" }) => ({
    detail: [{ loc: ["body", "messages"], msg: message, type }],
  }),
  plain_detail: ({ message }) => ({ detail: message }),
  string_error: ({ message, code }) => ({ error: message, ...(code ? { code } : {}) }),
  google: ({ message, code = "INVALID_ARGUMENT" }, status) => [
    { error: { code: status, message, status: code } },
  ],
  cloudflare: ({ message }) => ({ success: false, result: null, errors: [{ message }] }),
  litellm: ({ message, type, code }) => ({
    error: {
      message: `litellm.APIError: OpenAIException - ${JSON.stringify({ error: { message, type, code } })}`,
      type: null,
      param: null,
      code: "400",
    },
  }),
  openrouter: ({ message, type, code }, status) => ({
    error: {
      message: "Provider returned error",
      code: status,
      metadata: { raw: JSON.stringify({ error: { message, type, code } }), provider_name: "x" },
    },
  }),
  bedrock: ({ message }) => ({ message }),
  text: ({ message }) => message,
};

interface Fault extends ErrorFields {
  name: string;
  status: number;
  is: EndpointErrorClass;
  headers?: Record<string, string>;
  waitMs?: number;
  window?: number;
  says?: string;
  /** Envelopes that cannot carry the typed code on which this failure depends. */
  not?: readonly string[];
}

const codeless = [
  "vllm",
  "nested_vllm",
  "fastapi",
  "plain_detail",
  "cloudflare",
  "bedrock",
  "text",
];

const faults: readonly Fault[] = [
  {
    name: "limit with seconds",
    status: 429,
    is: "busy",
    message: "Slow down; context length and billing are fine",
    headers: { "retry-after": "11" },
    waitMs: 11_000,
  },
  {
    name: "limit with milliseconds",
    status: 429,
    is: "busy",
    message: "Slow down",
    headers: { "retry-after-ms": "250", "retry-after": "9" },
    waitMs: 250,
  },
  {
    name: "limit with a reset",
    status: 429,
    is: "busy",
    message: "Slow down",
    headers: { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "2m0.5s" },
    waitMs: 120_500,
  },
  {
    name: "limit with seconds in its words",
    status: 429,
    is: "busy",
    message: "Limit reached. Please try again in 4.25s. See https://x.test/billing/quota",
    waitMs: 4_250,
  },
  { name: "limit", status: 429, is: "busy", message: "You are over the limit for this minute" },
  {
    name: "empty account",
    status: 429,
    is: "quota",
    message: "You have no quota left",
    type: "insufficient_quota",
    code: "insufficient_quota",
    not: [...codeless, "google"],
  },
  {
    name: "payment",
    status: 402,
    is: "quota",
    message: "Add money to continue",
    says: "Add money",
  },
  {
    name: "starting server",
    status: 503,
    is: "loading",
    message: "The model is loading, wait",
  },
  { name: "full queue", status: 503, is: "loading", message: "Server overloaded" },
  {
    name: "window in words",
    status: 400,
    is: "overflow",
    message: "The maximum context length is 20480 tokens, this has 30000 tokens.",
    window: 20_480,
  },
  {
    name: "long prompt",
    status: 400,
    is: "overflow",
    message: "prompt is too long: 30000 tokens > 20000 maximum",
    window: 20_000,
  },
  { name: "large body", status: 413, is: "overflow", message: "too large" },
  { name: "wrong key", status: 401, is: "rejected", message: "no", says: "MODEL_API_KEY" },
  { name: "forbidden", status: 403, is: "rejected", message: "not for you", says: "not for you" },
  {
    name: "wrong field",
    status: 400,
    is: "rejected",
    message: "Unsupported parameter: 'max_tokens' is not known",
    says: "output_field",
  },
  {
    name: "wrong value",
    status: 422,
    is: "rejected",
    message: "temperature must be below 2",
    says: "temperature must be below 2",
  },
  {
    name: "no such model",
    status: 404,
    is: "not_found",
    message: "The model `tern-9b` does not exist",
    says: "MODEL",
  },
  {
    name: "no such model, as an invalid request",
    status: 400,
    is: "not_found",
    message: "tern-9b is not a valid model ID",
    says: "MODEL",
  },
  { name: "conflict", status: 409, is: "retry", message: "try again" },
  { name: "crash", status: 400, is: "retry", message: "The model has crashed" },
  {
    name: "timeout with a wait",
    status: 408,
    is: "unavailable",
    message: "timed out",
    headers: { "retry-after": "Sun, 22 Nov 2026 18:00:25 GMT" },
    waitMs: 25_000,
  },
  { name: "server error", status: 500, is: "unavailable", message: "Internal error" },
  {
    name: "server error with a wait",
    status: 502,
    is: "unavailable",
    message: "Bad gateway",
    headers: { "retry-after": "6" },
    waitMs: 6_000,
  },
  {
    name: "server without its template engine",
    status: 500,
    is: "rejected",
    message: "tools param requires --jinja flag",
    says: "--jinja",
  },
];

export function errorRows(nowMs: number): ErrorRow[] {
  const single = observed
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line.replace('"NOW+9000"', String(nowMs + 9_000))) as ErrorRow);
  const crossed = Object.entries(envelopes).flatMap(([server, envelope]) =>
    faults
      .filter(({ not }) => not === undefined || !not.includes(server))
      .map(({ name, message, type, code, not: _, ...expected }): ErrorRow => {
        const fault = {
          message,
          ...(type === undefined ? {} : { type }),
          ...(code === undefined ? {} : { code }),
        };
        return { id: `${server}: ${name}`, body: envelope(fault, expected.status), ...expected };
      }),
  );
  return [...single, ...crossed];
}
