import { Type } from "@sinclair/typebox";
import { workspaceLimits } from "../../../shared/limits.ts";
import { defineTool, toolError, toolResult } from "../define.ts";
import { linesOf, optional, pathInput, readText, strict } from "./text_file.ts";

export const readFile = defineTool({
  name: "read_file",
  description:
    "Reads a text file of the workspace. Each line starts with its number, which is not part of the file. " +
    "Long files come in parts: the result says with which offset to continue.",
  input: Type.Object(
    {
      path: pathInput,
      offset: optional(
        Type.Integer({ minimum: 0, description: "the number of the first line to read, from 1" }),
      ),
      limit: optional(Type.Integer({ minimum: 1, description: "how many lines to read" })),
    },
    strict,
  ),
  /** A program gets the text itself, whole or the requested lines, without numbers and limits. */
  output: Type.String(),
  effect: "read",
  async run({ path, offset, limit }, { files }) {
    const file = await readText(files, path);
    if (!file.ok) return toolError(file.error);
    const lines = linesOf(file.value);
    const first = Math.max(1, offset ?? 1);
    const last = Math.min(lines.length, limit === undefined ? lines.length : first + limit - 1);
    const isWholeFile = offset === undefined && limit === undefined;
    const value = isWholeFile ? file.value : lines.slice(first - 1, last).join("\n");
    if (lines.length === 0) return toolResult(`${path} is empty.`, value);
    if (first > lines.length) {
      return toolError(`${path} has ${lines.length} lines: line ${first} does not exist.`);
    }
    return toolResult(
      page(lines, first, Math.min(last, first + workspaceLimits.readLinesMax - 1)),
      value,
    );
  },
});

/** Numbered lines up to the limit in characters, and where to continue when any follow. */
function page(lines: readonly string[], first: number, last: number): string {
  const parts: string[] = [];
  let chars = 0;
  for (let lineNumber = first; lineNumber <= last; lineNumber++) {
    const line = `${lineNumber}\t${lines[lineNumber - 1]}`;
    if (chars + line.length > workspaceLimits.readCharsMax) {
      if (parts.length > 0) return `${parts.join("\n")}\n${continueAt(lineNumber, lines.length)}`;
      const head = line.slice(0, workspaceLimits.readCharsMax).toWellFormed();
      const charsLeft = line.length - head.length;
      const next = lineNumber < lines.length ? `\n${continueAt(lineNumber + 1, lines.length)}` : "";
      return `${head}\n[${charsLeft} more characters of line ${lineNumber}: read them with run_code]${next}`;
    }
    parts.push(line);
    chars += line.length + 1;
  }
  return last < lines.length
    ? `${parts.join("\n")}\n${continueAt(last + 1, lines.length)}`
    : parts.join("\n");
}

const continueAt = (next: number, total: number): string =>
  `[${total - next + 1} of ${total} lines follow: continue with offset ${next}]`;
