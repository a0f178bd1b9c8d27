/**
 * Runs expressions that a model wrote over the workspace, only in the metered interpreter: an expression that
 * backtracks without end uses up its fuel there, but would block every task of the Worker here.
 */
import { workspaceLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { ToolContext } from "../define.ts";
import { textOf, withoutReturns } from "./text_file.ts";

export interface Match {
  path: string;
  /** Counted from 1. */
  line: number;
  /** The line, cut around the match where it is long. */
  text: string;
}

const findProgram = `
const { expression, paths } = JSON.parse(fs.readFileSync("search.json", "utf8"));
const matcher = new RegExp(expression);
JSON.stringify(paths.filter((path) => matcher.test(path)))`;

/** The paths that an expression matches. */
export async function findPaths(
  context: ToolContext,
  expression: string,
  paths: readonly string[],
): Promise<Result<string[], string>> {
  const search = await runSearch<string[]>(context, findProgram, { expression, paths });
  return search.ok ? search : err(search.error.message);
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

/** The lines that a pattern matches, after `skip` of them. */
export async function grepText(
  context: ToolContext,
  pattern: string,
  paths: readonly string[],
  skip: number,
): Promise<Result<{ matches: Match[]; more: boolean; skipped: number }, string>> {
  const ignoresCase = pattern.startsWith("(?i)");
  const names: { name: string; path: string; first: number }[] = [];
  const parts = new Map<string, Uint8Array>();
  let skippedFiles = 0;
  for (const path of paths) {
    const bytes = await context.files.read(path);
    const text = bytes === null ? null : textOf(bytes);
    if (text === null) skippedFiles += 1;
    else {
      for (const { first, part } of partsOf(text)) {
        const name = `part-${names.length}`;
        names.push({ name, path, first });
        parts.set(name, new TextEncoder().encode(part));
      }
    }
  }
  const input = {
    pattern: ignoresCase ? pattern.slice("(?i)".length) : pattern,
    flags: ignoresCase ? "i" : "",
    names,
    skip,
    take: workspaceLimits.matchesShownMax,
    chars: workspaceLimits.matchCharsMax,
  };
  const search = await runSearch<{ matches: Match[]; more: boolean }>(
    context,
    grepProgram,
    input,
    parts,
  );
  if (search.ok) return ok({ ...search.value, skipped: skippedFiles });
  const { message, isStopped } = search.error;
  return err(isStopped ? message : `"${pattern}" is not a regular expression: ${message}`);
}

/** A text in parts of whole lines, so that the interpreter never holds all of a large file. */
function* partsOf(text: string): Generator<{ first: number; part: string }> {
  let first = 1;
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf("\n", from + workspaceLimits.searchPartChars - 1);
    const end = newline === -1 ? text.length : newline;
    const part = withoutReturns(text.slice(from, end));
    const lineEnd = end === text.length ? "\n" : "\r";
    yield { first, part: part.endsWith(lineEnd) ? part.slice(0, -1) : part };
    first += countLines(text, from, end);
    from = end + 1;
  }
}

/** Those that start in a piece of a text, which ends before a line break or with the text. */
function countLines(text: string, from: number, end: number): number {
  let count = 1;
  for (let at = text.indexOf("\n", from); at !== -1 && at < end; at = text.indexOf("\n", at + 1))
    count += 1;
  return count;
}

/** `T` is the type of the JSON that the program, which is ours, evaluates to. */
async function runSearch<T>(
  context: ToolContext,
  program: string,
  input: object,
  parts: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<Result<T, { message: string; isStopped: boolean }>> {
  const files = new Map(parts);
  files.set("search.json", new TextEncoder().encode(JSON.stringify(input)));
  const { value, error } = await context.runMetered(program, files);
  if (error === null) return ok(JSON.parse(value ?? "null") as T);
  if (error.kind === "thrown") return err({ message: error.message, isStopped: false });
  return err({ message: stoppedText, isStopped: true });
}

const stoppedText =
  "The search was stopped: it needed more computing than one search may use. Search fewer files, or avoid nested repetition such as (a+)+ in the pattern.";
