import { modelLimits } from "../../../shared/limits.ts";
import { type Failure, type FailureCode, failure } from "../../../shared/task/failures.ts";
import { isRecord, parseJson } from "../../../shared/text/json.ts";
import { adviceFor } from "./advice.ts";
import { minimaxCodes, numericCodes, typedWords } from "./codes.ts";
import { type ErrorDetails, readErrorBody } from "./error_body.ts";
import { retryAfterMs, untilMidnightUtcMs, waitInBody } from "./wait.ts";
import { windowIn } from "./window.ts";
import { requestErrorWords, serverErrorWords } from "./words.ts";

export interface EndpointAnswer {
  /** The HTTP status; null for an error without a response. */
  status: number | null;
  /** The wait that the headers ask for, as `waitHeader` reads it. */
  retryAfter: string | null;
  /** The parsed body, or its text where it is not JSON. */
  body: unknown;
  nowMs: number;
  /** The URL of the request. The error message names it if the response is an HTML page. */
  url?: string;
}

/** An endpoint's error as one of our failures. Total: every input has an answer. */
export function classify(answer: EndpointAnswer): Failure {
  const details = readErrorBody(answer.body);
  // A 200 that holds an error may carry the HTTP status as the error's code.
  const inner = details.codes.find((code) => code >= 300 && code < 600) ?? null;
  const status = answer.status !== null && answer.status >= 300 ? answer.status : inner;
  const code = details.codes.find((each) => each >= 1_000) ?? details.codes[0] ?? null;
  const result = withKnownWait(codeFor(status, details), answer);
  const wait =
    result === "model_quota" && code !== null && numericCodes.has(code)
      ? untilMidnightUtcMs(answer.nowMs)
      : (retryAfterMs(answer.retryAfter, answer.nowMs) ??
        waitInBody(answer.body, details.text, answer.nowMs) ??
        (result === "model_quota" ? untilMidnightUtcMs(answer.nowMs) : undefined));
  const windowTokens =
    result === "model_overflow" ? windowIn(answer.body, details.text) : undefined;
  return failure(
    result,
    messageOf(answer, status, code, details, adviceFor(result, status, details)),
    {
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
      ...(status === null ? {} : { status }),
      ...(windowTokens === undefined ? {} : { windowTokens }),
      ...(code === null ? {} : { endpointCode: code }),
    },
  );
}

/** If the error says when the allowance of an exhausted account returns, the task waits for that time. */
function withKnownWait(code: FailureCode, { retryAfter, nowMs }: EndpointAnswer): FailureCode {
  const wait = retryAfterMs(retryAfter, nowMs) ?? 0;
  return code === "model_unpaid" && wait >= modelLimits.quotaWaitMsMin ? "model_quota" : code;
}

/** Status and typed codes decide first, words of the text last. An unknown 4xx is permanent. */
function codeFor(status: number | null, details: ErrorDetails): FailureCode {
  const codeByNumber = knownCode(details);
  const codeByType = typedWords.find(([word]) =>
    details.words.some((each) => word.test(each)),
  )?.[1];
  if (status === 429) {
    const quota = [codeByNumber, codeByType].find(
      (code) => code === "model_quota" || code === "model_unpaid",
    );
    return quota ?? (/daily free allocation/i.test(details.text) ? "model_quota" : "model_busy");
  }
  if (status === 402) return "model_unpaid";
  if (codeByNumber !== undefined) return codeByNumber;
  const certain = status === null ? undefined : certainStatus.get(status);
  if (certain !== undefined) return certain;
  if (status !== null && status >= 500) return serverError(status, details, codeByType);
  if (status !== null && status < 400) return "model_rejected";
  if (codeByType !== undefined) return codeByType;
  if (status === 403) return "model_rejected";
  const codeByText = requestErrorWords.find(([words]) => words.test(details.text))?.[1];
  return codeByText ?? (status === null ? "model_unavailable" : "model_rejected");
}

function knownCode({ codes, vendor, words }: ErrorDetails): FailureCode | undefined {
  // Mistral and vLLM count from 1000 as well, with other meanings.
  if (words.includes("invalid_request_message_order")) return undefined;
  const table = vendor === "minimax" ? minimaxCodes : numericCodes;
  const code = codes.find((each) => table.has(each));
  return code === undefined ? undefined : table.get(code);
}

const certainStatus: ReadonlyMap<number, FailureCode> = new Map([
  [401, "model_rejected"],
  [404, "model_not_found"],
  [405, "model_not_found"],
  [410, "model_not_found"],
  [408, "model_deadline"],
  [409, "model_interrupted"],
  [413, "model_overflow"],
  [423, "model_interrupted"],
  [424, "model_interrupted"],
  [425, "model_interrupted"],
  [498, "model_busy"],
  [499, "model_interrupted"],
  [529, "model_busy"],
]);

function serverError(
  status: number,
  { text, html }: ErrorDetails,
  codeByType: FailureCode | undefined,
): FailureCode {
  const codeByText = html ? undefined : serverErrorWords.find(([words]) => words.test(text))?.[1];
  const code = codeByText ?? codeByType;
  // A full queue and a starting server give the same error, and both pass within minutes.
  if (code === "model_busy") return "model_loading";
  if (code !== undefined && code !== "model_not_found") return code;
  return status === 504 || status === 522 || status === 524
    ? "model_deadline"
    : "model_unavailable";
}

function messageOf(
  { url }: EndpointAnswer,
  status: number | null,
  code: number | null,
  { message, words, html }: ErrorDetails,
  advice: string,
): string {
  const word = words[0] ?? "";
  const labels = [status === null ? "" : `HTTP ${status}`, code === null ? word : `code ${code}`];
  const source = labels.filter((part) => part !== "").join(", ") || "an error";
  const page = html ? ` with an HTML page${url === undefined ? "" : ` at ${url}`}` : "";
  const head = `The model's endpoint answered ${source}${page}`;
  const tail = advice === "" ? "" : ` ${advice}`;
  const end = tail === "" || /[.!?]$/.test(message) ? "" : ".";
  const statement = message === "" ? `${head}.` : `${head}: ${message}${end}`;
  return `${clip(statement, modelLimits.errorTextCharsMax - tail.length)}${tail}`;
}

const clip = (text: string, chars: number = modelLimits.errorTextCharsMax): string =>
  text.slice(0, chars).toWellFormed();

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
  const parsed = parseJson(message);
  const body = isRecord(parsed) ? parsed : { message };
  const classified = classify({ status: null, retryAfter: null, body, nowMs });
  if (classified.code !== "model_unavailable" || classified.endpointCode !== undefined)
    return classified;
  return failure(classified.code, clip(`The model's endpoint could not be reached: ${message}`));
}
