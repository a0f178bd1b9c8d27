import { Type } from "@sinclair/typebox";
import { workspaceLimits } from "../../../shared/limits.ts";
import { defineTool, toolError, toolResult } from "../define.ts";
import { type LineRange, optional, pathInput, readRange, readText, strict } from "./text_file.ts";

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
    const first = Math.max(1, offset ?? 1);
    const last = limit === undefined ? Number.POSITIVE_INFINITY : first + limit - 1;
    const range = readRange(file.value, first, last, workspaceLimits.readLinesMax);
    const { total } = range;
    const isWholeFile = offset === undefined && limit === undefined;
    const value = isWholeFile ? file.value : range.text();
    if (total === 0) return toolResult(`${path} is empty.`, value);
    if (first > total) {
      return toolError(`${path} has ${total} lines: line ${first} does not exist.`);
    }
    return toolResult(page(range, first), value);
  },
});

/** Numbered lines up to the limit in characters, and where to continue when any follow. */
function page({ lines, total }: LineRange, first: number): string {
  const parts: string[] = [];
  let chars = 0;
  for (const [index, text] of lines.entries()) {
    const lineNumber = first + index;
    const line = `${lineNumber}\t${text}`;
    if (chars + line.length > workspaceLimits.readCharsMax) {
      if (parts.length > 0) return `${parts.join("\n")}\n${continueAt(lineNumber, total)}`;
      const head = line.slice(0, workspaceLimits.readCharsMax).toWellFormed();
      const charsLeft = line.length - head.length;
      const next = lineNumber < total ? `\n${continueAt(lineNumber + 1, total)}` : "";
      return `${head}\n[${charsLeft} more characters of line ${lineNumber}: read them with run_code]${next}`;
    }
    parts.push(line);
    chars += line.length + 1;
  }
  const next = first + lines.length;
  return next <= total ? `${parts.join("\n")}\n${continueAt(next, total)}` : parts.join("\n");
}

const continueAt = (next: number, total: number): string =>
  `[${total - next + 1} of ${total} lines follow: continue with offset ${next}]`;
