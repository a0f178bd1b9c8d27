/**
 * Expressions that a model wrote, run over the workspace. They run in the metered interpreter and
 * nowhere else: an expression that backtracks without end uses up its fuel there, where in the
 * Worker itself it would hang every task beside it.
 */
import { workspaceLimits } from "../../../shared/limits.ts";
import type { ToolContext } from "../define.ts";
import { linesOf, textOf } from "./text_file.ts";

export interface Match {
  path: string;
  /** From 1. */
  line: number;
  /** The line, cut around the match where it is long. */
  text: string;
}

type Answer<T> = ({ ok: true } & T) | { ok: false; message: string };

const findProgram = `
const { expression, paths } = JSON.parse(fs.readFileSync("search.json", "utf8"));
const matcher = new RegExp(expression);
JSON.stringify(paths.filter((path) => matcher.test(path)))`;

/** The paths that an expression matches. */
export async function findPaths(
  context: ToolContext,
  expression: string,
  paths: readonly string[],
): Promise<Answer<{ found: string[] }>> {
  const answer = await searched(context, findProgram, { expression, paths });
  return answer.ok ? { ok: true, found: answer.value as string[] } : answer;
}

const grepProgram = `
const { pattern, flags, names, skip, take, chars } = JSON.parse(fs.readFileSync("search.json", "utf8"));
const matcher = new RegExp(pattern, flags);
const matches = [];
let seen = 0;
let more = false;
search: for (const { name, path, first } of names) {
  const lines = fs.readFileSync(name, "utf8").split("\\n");
  for (let n = 0; n < lines.length; n++) {
    const line = lines[n];
    const at = line.search(matcher);
    if (at < 0 || ++seen <= skip) continue;
    if (matches.length === take) { more = true; break search; }
    const from = Math.max(0, Math.min(at - chars / 4, line.length - chars));
    const text = line.length <= chars ? line
      : (from > 0 ? "…" : "") + line.slice(from, from + chars) + (from + chars < line.length ? "…" : "");
    matches.push({ path, line: first + n, text: text.toWellFormed() });
  }
}
JSON.stringify({ matches, more })`;

/** The lines that a pattern matches, after as many as are to be skipped. */
export async function grepText(
  context: ToolContext,
  pattern: string,
  paths: readonly string[],
  skip: number,
): Promise<Answer<{ matches: Match[]; more: boolean; skipped: number }>> {
  const insensitive = pattern.startsWith("(?i)");
  const names: { name: string; path: string; first: number }[] = [];
  const parts = new Map<string, Uint8Array>();
  let skipped = 0;
  for (const path of paths) {
    const bytes = await context.files.read(path);
    const text = bytes === null ? null : textOf(bytes);
    if (text === null) skipped += 1;
    else {
      for (const { first, lines } of partsOf(text)) {
        const name = `part-${names.length}`;
        names.push({ name, path, first });
        parts.set(name, new TextEncoder().encode(lines.join("\n")));
      }
    }
  }
  const order = {
    pattern: insensitive ? pattern.slice("(?i)".length) : pattern,
    flags: insensitive ? "i" : "",
    names,
    skip,
    take: workspaceLimits.matchesShownMax,
    chars: workspaceLimits.matchCharsMax,
  };
  const answer = await searched(context, grepProgram, order, parts);
  if (!answer.ok) {
    const { message, stopped } = answer;
    return {
      ok: false,
      message: stopped ? message : `"${pattern}" is not a regular expression: ${message}`,
    };
  }
  const { matches, more } = answer.value as { matches: Match[]; more: boolean };
  return { ok: true, matches, more, skipped };
}

/** A text in parts that end at a line's end, so that the interpreter never holds a large file whole. */
function* partsOf(text: string): Generator<{ first: number; lines: string[] }> {
  let first = 1;
  let lines: string[] = [];
  let chars = 0;
  for (const line of linesOf(text)) {
    lines.push(line);
    chars += line.length + 1;
    if (chars < workspaceLimits.searchPartChars) continue;
    yield { first, lines };
    first += lines.length;
    lines = [];
    chars = 0;
  }
  if (lines.length > 0) yield { first, lines };
}

async function searched(
  context: ToolContext,
  program: string,
  order: object,
  parts: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<{ ok: true; value: unknown } | { ok: false; message: string; stopped: boolean }> {
  const files = new Map(parts);
  files.set("search.json", new TextEncoder().encode(JSON.stringify(order)));
  const { value, error } = await context.metered(program, files);
  if (error === null) return { ok: true, value: JSON.parse(value ?? "null") as unknown };
  if (error.kind === "thrown") return { ok: false, message: error.message, stopped: false };
  return {
    ok: false,
    stopped: true,
    message:
      "The search was stopped: it took more computing than one search may. Search fewer files, or write a pattern without nested repetition such as (a+)+.",
  };
}
