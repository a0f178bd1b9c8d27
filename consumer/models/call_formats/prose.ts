import type { LeakedCall } from "./leak.ts";
import { isMarkupOnly, stripMarkup } from "./markers.ts";
import { isCovered, quotedSpans } from "./quoted.ts";
import { skipSpace } from "./scan.ts";

const contextChars = 200;
/** The longest text between two calls of one reply. */
const gapCharsMax = 160;
/** The longest text after the last call that is ignored: some models add their special tokens. */
const tailCharsMax = 24;

/** Words that introduce a call as an example, a quotation or another person's words. */
const introduction =
  /(?:e\.g\.|for (?:example|instance)|such as|format|syntax|looks? like|like (?:this|so)|instead of|rather than|never|don't|do not|is the fault|example|template|snippet|fixture|test case|readme|docs|documentation|log|transcript|quote|inject(?:ed|ion)|(?:says|said|reads|contains|includes|holds|wrote|writes|asks|tells|told|wants|instructs|asked)(?: (?:me|us|you)(?: to)?)?)[^\w]*$/i;
/** A sentence that refuses to make the call that follows it. */
const refusal =
  /(?:won't|will not|would not|wouldn't|not going to|refuse to|decline to|must not|mustn't|should not|shouldn't|cannot|can't|never|no need to)\b[^.!?\n]{0,14}\b(?:call|calling|run|use|execute|invoke|make|do|send|follow|obey|perform)\b/i;
const quoteMarks = /["'“”«»‘’„]\s{0,4}$/;
/** A result that the model invented between two calls: the second call depends on it. */
const madeUpResult = /tool_response|tool_result|observation:|<\|?tool_outputs?|\bresult:/i;

/** The leaks that are meant as calls: outside code, quotations, examples and refusals. */
export function meantCalls(text: string, leaks: readonly LeakedCall[]): LeakedCall[] {
  const quotes = quotedSpans(maskLeaks(text, leaks));
  return leaks.filter((leak, index) => {
    if (isCovered(quotes, leak.start)) return false;
    const from = Math.max(leaks[index - 1]?.end ?? 0, leak.start - contextChars);
    const before = stripMarkup(text.slice(Math.min(from, leak.start), leak.start)).trimEnd();
    if (introduction.test(before) || refusal.test(lastSentence(before))) return false;
    const after = text.slice(leak.end, leak.end + 4);
    return !(quoteMarks.test(before) && /^\s*["'“”«»‘’]/.test(after));
  });
}

/** The sentence before a call, and the line above it where the sentence ends with a colon. */
function lastSentence(before: string): string {
  const parts = before.split(/(?<=[.!?])\s+/);
  return parts.at(-1) ?? "";
}

/** Whether the calls end the reply: no relevant text is between them or after the last one. */
export function endReply(text: string, calls: readonly LeakedCall[]): boolean {
  const inOrder = calls.every((call, index) => {
    const previous = calls[index - 1];
    if (previous === undefined || previous.end > call.start) return true;
    const gap = stripMarkup(text.slice(previous.end, call.start));
    return gap.length <= gapCharsMax && !madeUpResult.test(gap);
  });
  const [first, last] = [calls[0], calls.at(-1)];
  if (!inOrder || first === undefined || last === undefined) return false;
  const tail = text.slice(last.end);
  if (isMarkupOnly(tail)) return true;
  const next = skipSpace(text, last.end);
  const special =
    /[|｜]\s{0,4}>/.test(text.slice(last.end - 4, last.end)) || /^<[|｜]/.test(text.slice(next));
  const before = stripMarkup(
    text.slice(Math.max(0, first.start - contextChars), first.start),
  ).trim();
  const ownSentence = before === "" || /[.!?:。！？]$/.test(before);
  const lead = stripMarkup(tail).trimEnd();
  return special && ownSentence && lead.length <= tailCharsMax && !lead.includes("\n");
}

/** The text with the calls blanked, so that a backtick in a call's arguments does not quote other text. */
export function maskLeaks(text: string, leaks: readonly LeakedCall[]): string {
  let out = "";
  let position = 0;
  for (const leak of leaks) {
    if (leak.start < position) continue;
    out += text.slice(position, leak.start) + "x".repeat(leak.end - leak.start);
    position = leak.end;
  }
  return out + text.slice(position);
}

/** The text without the calls and their markup. */
export function withoutCalls(text: string, leaks: readonly LeakedCall[]): string {
  let rest = "";
  let position = 0;
  for (const leak of leaks) {
    if (leak.start > position) rest += text.slice(position, leak.start);
    position = Math.max(position, leak.end);
  }
  return stripMarkup(rest + text.slice(position)).trim();
}
