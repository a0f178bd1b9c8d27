import { Type } from "@sinclair/typebox";
import picomatch from "picomatch/posix.js";
import { workspaceLimits } from "../../../shared/limits.ts";
import { defineTool, toolError, toolResult } from "../define.ts";
import { findPaths } from "./search.ts";
import { optional, pathInput, pathsBelow, strict } from "./text_file.ts";

const pathList = Type.Array(Type.String());

export const listFiles = defineTool({
  name: "list_files",
  description: "Lists the files of the workspace, or those below a folder.",
  input: Type.Object({ path: optional(pathInput) }, strict),
  output: pathList,
  effect: "read",
  async run({ path: folder }, { files }) {
    const paths = pathsBelow(files.paths(), folder);
    if (paths.length > 0) return toolResult(formatPaths(paths), paths);
    const isRoot = pathsBelow([""], folder).length > 0;
    return toolResult(
      isRoot ? "The workspace is empty." : `There is no file below "${folder}".`,
      [],
    );
  },
});

export const findFiles = defineTool({
  name: "find_files",
  description:
    "Finds files by a glob: * and ? within a name, ** across folders, [a-z], {csv,json}. A glob without a " +
    "slash, such as *.csv, matches names in every folder.",
  input: Type.Object(
    {
      glob: Type.String({
        minLength: 1,
        maxLength: workspaceLimits.pathCharsMax,
        description: "such as **/*.csv or reports/*.md",
      }),
    },
    strict,
  ),
  output: pathList,
  effect: "read",
  async run({ glob }, context) {
    const pattern = glob.replace(/^(\.?\/)+/, "");
    const anywhere = pattern.includes("/") ? pattern : `**/${pattern}`;
    const expression = expressionOf(anywhere);
    if (expression === null) return toolError(`"${glob}" is not a glob.`);
    const search = await findPaths(context, expression, context.files.paths());
    if (!search.ok) return toolError(search.error);
    const paths = search.value;
    return toolResult(paths.length > 0 ? formatPaths(paths) : `No file matches "${glob}".`, paths);
  },
});

function expressionOf(glob: string): string | null {
  try {
    return picomatch.makeRe(glob, { dot: true }).source;
  } catch {
    return null;
  }
}

/** One path per line, up to the limit, and how many are left out. */
function formatPaths(paths: readonly string[]): string {
  const shownPaths: string[] = [];
  let chars = 0;
  for (const path of paths) {
    chars += path.length + 1;
    if (chars > workspaceLimits.readCharsMax) break;
    shownPaths.push(path);
  }
  const omitted = paths.length - shownPaths.length;
  return omitted === 0
    ? shownPaths.join("\n")
    : `${shownPaths.join("\n")}\n[${omitted} more files: name a folder, or a glob for find_files]`;
}
