import { modelLimits } from "../../../shared/limits.ts";
import type { ToolOffer } from "../../../shared/models/model.ts";
import type { CallFormatName } from "../../../shared/models/quirks.ts";
import { parseJson } from "../../../shared/text/json.ts";
import { withoutFence } from "../repair/fence.ts";
import { toolNamed } from "../repair/tool_name.ts";
import type { WireCall } from "../shapes/wire.ts";
import { endsInTag, isBrokenOff } from "./broken_end.ts";
import { callFormats } from "./formats.ts";
import type { CallFormat, LeakedCall } from "./leak.ts";
import { holdsMarkup, holdsOpener } from "./markers.ts";
import { endReply, maskLeaks, meantCalls, withoutCalls } from "./prose.ts";
import { quotedSpans } from "./quoted.ts";

export interface ExtractedCalls {
  formats: CallFormatName[];
  calls: WireCall[];
  /** The text without the calls and their markup. */
  text: string;
}

interface FoundCall extends LeakedCall {
  format: CallFormatName;
}

/**
 * The leaked calls of a text, or null if it has none. Calls are accepted only at the end of the reply, and
 * outside of code, quotations, examples and refusals. If one of them is damaged, none is accepted. The caller
 * passes only complete replies without structured calls, after it has removed the thinking.
 */
export function extractCalls(text: string, tools: readonly ToolOffer[]): ExtractedCalls | null {
  if (tools.length === 0 || text.trim() === "") return null;
  if (text.length > modelLimits.leakTextCharsMax) return null;
  for (const source of new Set([text.trim(), withoutFence(text).trim()])) {
    const calls = markedCalls(source, tools) ?? wholeTextCalls(source, tools);
    if (calls !== null) return calls;
  }
  return null;
}

/** True if a text contains tokens of a call or of reasoning, or stops inside one. Valid JSON is always data. */
export function holdsUnreadMarkup(text: string): boolean {
  if (!/[<>[{`✿◁*]/.test(text)) return false;
  if (parseJson(text.trim()) !== undefined) return false;
  return isBrokenOff(text) || holdsMarkup(text, quotedSpans(text));
}

function markedCalls(text: string, tools: readonly ToolOffer[]): ExtractedCalls | null {
  const calls = outermost(
    callFormats
      .filter((format) => !format.wholeText)
      .flatMap((format) => findLocated(format, text, tools)),
  );
  const proseCalls = meantCalls(text, calls) as FoundCall[];
  if (!proseCalls.some((call) => toolNamed(call.name, tools) !== null)) return null;
  if (!endReply(text, proseCalls)) return null;
  // An opening mark outside quoted text belongs to a call that could not be read: then no call is extracted.
  const rest = maskLeaks(text, calls);
  if (holdsOpener(rest, quotedSpans(rest)) || endsInTag(rest)) return null;
  return buildExtracted(proseCalls, withoutCalls(text, proseCalls));
}

/** A format without marks counts only as the whole text, and only if all its names are known. */
function wholeTextCalls(text: string, tools: readonly ToolOffer[]): ExtractedCalls | null {
  for (const format of callFormats) {
    if (!format.wholeText) continue;
    const calls = findLocated(format, text, tools);
    const areOffered = calls.every((call) => toolNamed(call.name, tools) !== null);
    if (calls.length > 0 && areOffered) return buildExtracted(calls, "");
  }
  return null;
}

const findLocated = (format: CallFormat, text: string, tools: readonly ToolOffer[]): FoundCall[] =>
  format.find(text, tools).map((call) => ({ ...call, format: format.name }));

/** The calls in order. If two formats read the same place, the earlier one counts, and of two calls the wider one. */
function outermost(calls: readonly FoundCall[]): FoundCall[] {
  const ordered = calls
    .map((call, rank) => ({ call, rank }))
    .sort((a, b) => a.call.start - b.call.start || b.call.end - a.call.end || a.rank - b.rank);
  const outerCalls: FoundCall[] = [];
  for (const { call } of ordered) {
    const last = outerCalls.at(-1);
    const sameBlock =
      last !== undefined &&
      last.format === call.format &&
      last.start === call.start &&
      last.end === call.end;
    if (last === undefined || call.start >= last.end || sameBlock) outerCalls.push(call);
  }
  return outerCalls;
}

function buildExtracted(calls: readonly FoundCall[], text: string): ExtractedCalls {
  return {
    formats: [...new Set(calls.map(({ format }) => format))],
    calls: calls.map(({ id, name, arguments: args }) => ({
      id: id ?? null,
      name,
      arguments: args,
    })),
    text,
  };
}
