import { Type } from "@sinclair/typebox";
import { workspaceLimits } from "../../../shared/limits.ts";
import { defineTool, toolError, toolResult } from "../define.ts";
import { grepText } from "./search.ts";
import { missingFileText, optional, pathsBelow, strict } from "./text_file.ts";

export const grepFiles = defineTool({
  name: "grep_files",
  description:
    "Searches the workspace's text files for a JavaScript regular expression, line by line. Returns path:line:text. " +
    "(?i) in front ignores case.",
  input: Type.Object(
    {
      pattern: Type.String({ minLength: 1, maxLength: workspaceLimits.patternCharsMax }),
      path: optional(Type.String({ description: "a file or a folder; all files when left out" })),
      offset: optional(
        Type.Integer({
          minimum: 0,
          description: "how many matches to skip, to continue after a limit",
        }),
      ),
    },
    strict,
  ),
  output: Type.Array(
    Type.Object({ path: Type.String(), line: Type.Integer(), text: Type.String() }),
  ),
  effect: "read",
  async run({ pattern, path, offset = 0 }, context) {
    const { files } = context;
    const paths = pathsBelow(files.paths(), path);
    if (path !== undefined && paths.length === 0)
      return toolError(missingFileText(path, files.paths()));
    const search = await grepText(context, pattern, paths, offset);
    if (!search.ok) return toolError(search.error);
    const { matches, more, skipped } = search.value;
    const notes: string[] = [];
    if (more) notes.push(`[more matches follow: continue with offset ${offset + matches.length}]`);
    if (skipped > 0) notes.push(`[${skipped} binary files were not searched]`);
    const lines = matches.map((match) => `${match.path}:${match.line}:${match.text}`);
    if (lines.length === 0) lines.push(offset > 0 ? "No further match." : "No line matches.");
    return toolResult([...lines, ...notes].join("\n"), matches);
  },
});
