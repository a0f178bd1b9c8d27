import { modelLimits } from "../../../shared/limits.ts";
import type { ToolOffer } from "../model.ts";
import type { CallFormatName } from "../quirks.ts";
import { toolNamed } from "../repair/tool_name.ts";
import type { WireCall } from "../shapes/wire.ts";
import { bareJson, labelledFence } from "./json/json_text.ts";
import { llama } from "./json/llama.ts";
import { mistral } from "./json/mistral.ts";
import { taggedJson } from "./json/tagged_json.ts";
import type { CallFormat, LeakedCall } from "./leak.ts";
import { pythonic } from "./python/pythonic.ts";
import { skipSpace } from "./scan.ts";
import { deepseek } from "./tokens/deepseek.ts";
import { gemma } from "./tokens/gemma.ts";
import { harmony } from "./tokens/harmony.ts";
import { kimi } from "./tokens/kimi.ts";
import { functionXml } from "./xml/function_xml.ts";
import { glm } from "./xml/glm.ts";
import { invoke } from "./xml/invoke.ts";

/** Marked dialects first: what has marks of its own is surest. */
export const callFormats: readonly CallFormat[] = [
  kimi,
  deepseek,
  harmony,
  llama,
  mistral,
  gemma,
  functionXml,
  glm,
  invoke,
  taggedJson,
  labelledFence,
  bareJson,
  pythonic,
];

export interface ExtractedCalls {
  dialect: CallFormatName;
  calls: WireCall[];
  /** The text without the calls and their markup. */
  text: string;
}

/** Markup between and around calls, which belongs to no block. */
const markup =
  /<\/?(?:tool_calls?|function_calls?|tools|(?:[\w-]+:)?tool_call|[｜|]DSML[｜|](?:function_calls|tool_calls))>|<[|｜][^<>\n]{1,60}[|｜]>|\[TOOL_CALLS\]/g;
const markupBehind = new RegExp(`(?:\\s*(?:${markup.source}))*`, "y");
const markupBefore = new RegExp(`(?:(?:${markup.source})\\s*)+$`);
const lineEnd = /[ \t]*(?:\r?\n|$)/y;
const introduced =
  /(?:e\.g\.|for (?:example|instance)|such as|format|syntax|looks? like|like this|instead of|never|don't|do not)\W*$/i;
const introductionChars = 60;

/** A whole text inside one fence is that text; the fence is no sign that it is quoted. */
function unfenced(text: string): string {
  const inner = /^```[\w-]*\n([\s\S]*?)\n?```$/.exec(text.trim())?.[1];
  return inner === undefined || inner.includes("```") ? text : inner;
}

interface Span {
  start: number;
  end: number;
}

/** The spans of the text that quote code: fences and inline code. */
function quotedSpans(text: string): Span[] {
  return [...text.matchAll(/```[\s\S]*?(?:```|$)|`[^`\n]*`/g)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** Prose about a call is no call: quoted, introduced as an example, or running on behind it. */
function isProse(
  text: string,
  leak: LeakedCall,
  all: readonly LeakedCall[],
  quotes: readonly Span[],
): boolean {
  const quoted = quotes.some(
    (span) =>
      span.start < leak.start &&
      leak.end <= span.end &&
      // A backtick inside another call's arguments quotes nothing outside of it.
      !all.some((other) => other.start <= span.start && span.start < other.end),
  );
  if (quoted) return true;
  const before = text.slice(Math.max(0, leak.start - introductionChars), leak.start);
  if (introduced.test(before.replace(markupBefore, ""))) return true;
  markupBehind.lastIndex = leak.end;
  markupBehind.exec(text);
  const behind = Math.max(leak.end, markupBehind.lastIndex);
  const next = skipSpace(text, behind);
  // A call directly before another shares its fate.
  const follower = all.find((other) => other.start >= leak.end && other.start <= next);
  if (follower !== undefined) return isProse(text, follower, all, quotes);
  lineEnd.lastIndex = behind;
  return !lineEnd.test(text);
}

/** What stays when the calls are taken out. */
function without(text: string, leaks: readonly LeakedCall[]): string {
  let rest = "";
  let at = 0;
  for (const leak of [...leaks].sort((a, b) => a.start - b.start)) {
    if (leak.start > at) rest += text.slice(at, leak.start);
    at = Math.max(at, leak.end);
  }
  return (rest + text.slice(at)).replace(markup, "").trim();
}

/**
 * Calls that an engine left in the text, or null where there are none. Only closed blocks
 * that name an offered tool count. The caller asks only for whole replies without
 * structured calls, and after thought was taken off.
 */
export function extractCalls(text: string, tools: readonly ToolOffer[]): ExtractedCalls | null {
  if (tools.length === 0 || text.trim() === "") return null;
  if (text.length > modelLimits.leakTextCharsMax) return null;
  for (const dialect of callFormats) {
    for (const source of new Set([text.trim(), unfenced(text).trim()])) {
      const all = dialect.find(source, tools);
      const quotes = all.length === 0 || dialect.wholeText ? [] : quotedSpans(source);
      const known = all.filter((leak) => toolNamed(leak.name, tools) !== null);
      const leaks = dialect.wholeText
        ? known.length === all.length
          ? known
          : []
        : known.filter((leak) => !isProse(source, leak, all, quotes));
      if (leaks.length === 0) continue;
      const ordered = [...leaks].sort((a, b) => a.start - b.start);
      return {
        dialect: dialect.name,
        calls: ordered.map((leak) => ({
          id: leak.id ?? null,
          name: leak.name,
          arguments: leak.arguments,
        })),
        text: without(source, leaks),
      };
    }
  }
  return null;
}
