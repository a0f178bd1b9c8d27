import { type Failure, type FailureCode, failure } from "../../../shared/failures.ts";
import { isRecord, type Json, parseJson } from "../../../shared/json.ts";
import { modelLimits } from "../../../shared/limits.ts";

/**
 * What an endpoint's errors mean, in one table for every transport. Known codes decide
 * first, then words of the message, then the HTTP status. What nobody knows is permanent
 * where the status is 4xx and transient otherwise.
 */
const byCode: Readonly<Record<number, FailureCode>> = {
  3040: "model_busy",
  3036: "model_quota",
  4006: "model_quota",
  3007: "model_deadline",
  3008: "model_deadline",
  3046: "model_deadline",
  2014: "model_deadline",
  5021: "model_overflow",
  3006: "model_overflow",
  3030: "model_refused",
  3043: "model_unavailable",
  ...Object.fromEntries(
    // Invalid input, JSON mode, forced tools, then what the model, plan or account forbids.
    [
      5006, 8001, 5023, 5024, 8006, 5007, 3042, 5018, 3041, 5016, 5035, 3023, 5004, 5005, 5019,
      3003, 3039,
    ].map((code) => [code, "model_rejected" as const]),
  ),
};

const byWords: readonly (readonly [RegExp, FailureCode])[] = [
  [
    /context[ _]?(length|window|size)|exceed_context|maximum context|too many (input )?tokens|prompt is too long|no user query found/i,
    "model_overflow",
  ],
  [/content[ _](filter|policy)|moderation|flagged as/i, "model_refused"],
  [/insufficient[ _]quota|billing/i, "model_rejected"],
  [/daily free allocation|neurons/i, "model_quota"],
];

function byStatus(status: number): FailureCode {
  if (status >= 300 && status < 400) return "model_rejected";
  if (status === 408 || status === 504 || status === 522 || status === 524) return "model_deadline";
  if (status === 413) return "model_overflow";
  if (status === 429) return "model_busy";
  if (status >= 400 && status < 500) return "model_rejected";
  return "model_unavailable";
}

interface Said {
  code: number | null;
  /** The code as a word, e.g. `context_length_exceeded`. */
  word: string;
  message: string;
}

const nothingSaid: Said = { code: null, word: "", message: "" };

function fromRecord(body: Json): Said {
  const message = ["message", "description", "error", "detail"]
    .map((key) => body[key])
    .find((value): value is string => typeof value === "string" && value !== "");
  const given = body.internalCode ?? body.code ?? body.type;
  const leading = message?.match(/^(?:\w*Error: )?(\d{4}): /)?.[1];
  const digits = typeof given === "string" && /^\d{3,5}$/.test(given) ? Number(given) : null;
  return {
    code: typeof given === "number" ? given : (digits ?? (leading ? Number(leading) : null)),
    word: typeof given === "string" ? given : "",
    message: message ?? "",
  };
}

/** What an error body says, whichever of the known shapes it has. */
function said(body: unknown): Said {
  if (typeof body === "string") {
    const plain = body.replace(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/gi, " ");
    return fromRecord({ message: plain.replace(/\s+/g, " ").trim() });
  }
  if (!isRecord(body)) return nothingSaid;
  if (isRecord(body.error)) return fromRecord(body.error);
  const first: unknown = Array.isArray(body.errors) ? body.errors[0] : undefined;
  return fromRecord(isRecord(first) ? first : body);
}

/** The wait named by Retry-After, as seconds or as a date, in milliseconds; undefined where unreadable. */
export function retryAfterMs(value: string | null, nowMs: number): number | undefined {
  if (value === null || value.trim() === "") return undefined;
  const seconds = Number(value);
  const wait = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - nowMs;
  if (!Number.isFinite(wait)) return undefined;
  return Math.round(Math.min(Math.max(wait, 0), modelLimits.retryAfterMsMax));
}

/** Milliseconds until the next 00:00 UTC, when the daily allocation returns. */
export function untilMidnightUtcMs(nowMs: number): number {
  const dayMs = 86_400_000;
  return dayMs - (nowMs % dayMs);
}

function clip(text: string): string {
  return text.slice(0, modelLimits.errorTextCharsMax).toWellFormed();
}

const windowWords =
  /(?:maximum context length (?:is|of)|context (?:window|length|size)(?: (?:is|of|limit))?|n_ctx:?)\D{0,20}?([\d,]{4,9})/i;

/** The window that an overflow names: as a field (llama.cpp), in words, or in brackets (Workers AI). */
function windowIn(body: unknown, message: string): number | undefined {
  const inner = isRecord(body) && isRecord(body.error) ? body.error : body;
  const field = isRecord(inner) ? inner.n_ctx : undefined;
  const words = windowWords.exec(message)?.[1] ?? /\((\d{4,7})\)/.exec(message)?.[1];
  const tokens = typeof field === "number" ? field : Number(words?.replaceAll(",", ""));
  return Number.isSafeInteger(tokens) && tokens >= modelLimits.windowTokensMin ? tokens : undefined;
}

export interface EndpointAnswer {
  /** The HTTP status; null for an error without a response. */
  status: number | null;
  retryAfter: string | null;
  /** The parsed body, or its text where it is not JSON. */
  body: unknown;
  nowMs: number;
}

/** An endpoint's refusal as one of our failures. Total: every input has an answer. */
export function classify(answer: EndpointAnswer): Failure {
  const { code, word, message } = said(answer.body);
  // A 200 that holds an error may carry the HTTP status as the error's code.
  const inner = code !== null && code >= 300 && code < 600 ? code : null;
  const status = answer.status !== null && answer.status >= 300 ? answer.status : inner;
  const known = code === null ? undefined : byCode[code];
  const spoken = byWords.find(([words]) => words.test(word) || words.test(message))?.[1];
  const fromWords = status === 401 || status === 403 ? undefined : spoken;
  const found = known ?? fromWords ?? (status === null ? "model_unavailable" : byStatus(status));
  const wait =
    found === "model_quota"
      ? untilMidnightUtcMs(answer.nowMs)
      : retryAfterMs(answer.retryAfter, answer.nowMs);
  const windowTokens = found === "model_overflow" ? windowIn(answer.body, message) : undefined;
  const named = [status === null ? "" : `HTTP ${status}`, code === null ? word : `code ${code}`];
  const head = `The model's endpoint answered ${named.filter((part) => part !== "").join(", ") || "an error"}`;
  return failure(found, clip(message === "" ? `${head}.` : `${head}: ${message}`), {
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    ...(status === null ? {} : { status }),
    ...(windowTokens === undefined ? {} : { windowTokens }),
    ...(code === null ? {} : { endpointCode: code }),
  });
}

/** What was thrown instead of an answer. The binding puts its code in front of the message. */
export function classifyThrown(thrown: unknown, nowMs: number): Failure {
  const name = thrown instanceof Error ? thrown.name : "";
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (name === "TimeoutError") {
    return failure("model_deadline", "The model's endpoint did not answer before our deadline.");
  }
  if (name === "AbortError") {
    return failure("model_deadline", "The call to the model was stopped by its caller.");
  }
  const body = parseJson(message);
  const heard = isRecord(body) ? body : { message };
  const failed = classify({ status: null, retryAfter: null, body: heard, nowMs });
  if (failed.code !== "model_unavailable" || failed.endpointCode !== undefined) return failed;
  return failure(failed.code, clip(`The model's endpoint could not be reached: ${message}`));
}
