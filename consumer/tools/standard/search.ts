/**
 * Runs expressions that a model wrote over the workspace, only in the metered interpreter: an expression that
 * backtracks without end uses up its fuel there, but would block every task of the Worker here.
 */
import { workspaceLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { ToolContext } from "../define.ts";
import { linesOf, textOf } from "./text_file.ts";

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
      for (const { first, lines } of partsOf(text)) {
        const name = `part-${names.length}`;
        names.push({ name, path, first });
        parts.set(name, new TextEncoder().encode(lines.join("\n")));
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
