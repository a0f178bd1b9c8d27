import type { Dirent } from "./stats.ts";

/** A glob as a regular expression over a whole path. */
export function globPattern(pattern: string): RegExp {
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const mark = pattern[at] ?? "";
    if (mark === "*" && pattern[at + 1] === "*") {
      const hasSlash = pattern[at + 2] === "/";
      source += hasSlash ? "(?:[^/]+/)*" : ".*";
      at += hasSlash ? 2 : 1;
    } else if (mark === "*") source += "[^/]*";
    else if (mark === "?") source += "[^/]";
    else if (mark === "[") {
      const end = pattern.indexOf("]", at + 1);
      if (end < 0) source += "\\[";
      else {
        source += `[${pattern
          .slice(at + 1, end)
          .replace(/^!/, "^")
          .replace(/\\/g, "\\\\")}]`;
        at = end;
      }
    } else if (mark === "{" && pattern.indexOf("}", at) > 0) {
      const end = pattern.indexOf("}", at);
      const choices = pattern.slice(at + 1, end).split(",");
      source += `(?:${choices.map((choice) => globPattern(choice).source.slice(1, -1)).join("|")})`;
      at = end;
    } else source += mark.replace(/[.+^$()|\\{}\]]/g, "\\$&");
  }
  return new RegExp(`^${source}$`);
}

type ReadDirectory = (path: string, options: object) => Dirent[];

/** The paths below `cwd` that one of the patterns matches, as fs.globSync answers them. */
export function globFiles(
  patterns: unknown,
  options: { cwd?: string; exclude?: unknown } = {},
  readdir: ReadDirectory,
): string[] {
  const wanted = (Array.isArray(patterns) ? patterns : [patterns]).map((one) =>
    globPattern(String(one).replace(/^\.\//, "")),
  );
  const root = options.cwd ?? ".";
  const prefix = root === "." ? "./" : `${root}/`;
  return readdir(root, { recursive: true, withFileTypes: true })
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(prefix.length))
    .filter((path) => wanted.some((pattern) => pattern.test(path)));
}
