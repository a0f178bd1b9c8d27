import { Type } from "@sinclair/typebox";
import picomatch from "picomatch/posix.js";
import { workspaceLimits } from "../../../shared/limits.ts";
import { defineTool, done, refused } from "../define.ts";
import { findPaths } from "./search.ts";
import { closed, optional, pathInput, pathsBelow } from "./text_file.ts";

const pathList = Type.Array(Type.String());

export const listFiles = defineTool({
  name: "list_files",
  description: "Lists the files of the workspace, or those below a folder.",
  input: Type.Object({ path: optional(pathInput) }, closed),
  output: pathList,
  effect: "read",
  async run({ path: folder }, { files }) {
    const found = pathsBelow(files.paths(), folder);
    if (found.length > 0) return done(listed(found), found);
    const all = pathsBelow([...files.paths(), ""], folder).length > 0;
    return done(all ? "The workspace is empty." : `There is no file below "${folder}".`, []);
  },
});

export const findFiles = defineTool({
  name: "find_files",
  description:
    "Finds files by a glob: * and ? within a name, ** across folders, [a-z], {csv,json}. A glob without a " +
    "slash, such as *.csv, finds names in every folder.",
  input: Type.Object(
    {
      glob: Type.String({
        minLength: 1,
        maxLength: workspaceLimits.pathCharsMax,
        description: "such as **/*.csv or reports/*.md",
      }),
    },
    closed,
  ),
  output: pathList,
  effect: "read",
  async run({ glob }, context) {
    const bare = glob.replace(/^(\.?\/)+/, "");
    const anywhere = bare.includes("/") ? bare : `**/${bare}`;
    const expression = expressionOf(anywhere);
    if (expression === null) return refused(`"${glob}" is not a glob.`);
    const answer = await findPaths(context, expression, context.files.paths());
    if (!answer.ok) return refused(answer.message);
    const { found } = answer;
    return done(found.length > 0 ? listed(found) : `No file matches "${glob}".`, found);
  },
});

function expressionOf(glob: string): string | null {
  try {
    return picomatch.makeRe(glob, { dot: true }).source;
  } catch {
    return null;
  }
}

/** Paths one a line, up to the cap; what is left out is counted. */
function listed(paths: readonly string[]): string {
  const kept: string[] = [];
  let chars = 0;
  for (const path of paths) {
    chars += path.length + 1;
    if (chars > workspaceLimits.readCharsMax) break;
    kept.push(path);
  }
  const left = paths.length - kept.length;
  return left === 0
    ? kept.join("\n")
    : `${kept.join("\n")}\n[${left} more files: name a folder, or a glob for find_files]`;
}
