import { modelLimits } from "../../../shared/limits.ts";
import { innermostError } from "./error_body.ts";

/** Phrases before the window's size; each captures a number a few characters later. */
const phrases: readonly RegExp[] = [
  /maximum (?:context|model|prompt|input|sequence) length(?: is| of|:)?[^\d]{0,12}([\d,_]{3,10})/i,
  /([\d,_]{3,10}) maximum context length/i,
  /must have less than ([\d,_]{3,10}) tokens/i,
  /must be <= ([\d,_]{3,10})/i,
  /exceeds the maximum length[^\d]{0,4}([\d,_]{3,10})/i,
  /token limit[^\d]{0,4}([\d,_]{3,10})/i,
  /input length should be \[\d+, ?([\d,_]{3,10})\]/i,
  /maximum number of tokens allowed[^\d]{0,3}([\d,_]{3,10})/i,
  /exceeds the limit of ([\d,_]{3,10})/i,
  /n_ctx[:=]? ?([\d,_]{3,10})/i,
  /tokens > ([\d,_]{3,10}) maximum/i,
  /max_seq_len[^\d]{0,3}([\d,_]{3,10})/i,
  /cannot exceed ([\d,_]{3,10})/i,
  /context (?:window|length|size)(?: (?:is|of|limit))?[^\d]{0,20}([\d,_]{4,10})/i,
  /\(TPM\): Limit ([\d,_]{3,10})/,
  /\((\d{4,7})\)/,
];

/** The window in tokens that an overflow reports: as a field (llama.cpp) or in its text. */
export function windowIn(body: unknown, text: string): number | undefined {
  const field = innermostError(body).n_ctx;
  const digits = phrases.map((phrase) => phrase.exec(text)?.[1]).find((part) => part !== undefined);
  const tokens = typeof field === "number" ? field : Number(digits?.replace(/[,_]/g, ""));
  return Number.isSafeInteger(tokens) && tokens >= modelLimits.windowTokensMin ? tokens : undefined;
}
