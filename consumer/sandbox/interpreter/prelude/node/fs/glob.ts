import type { Dirent } from "./stats.ts";

/** A glob as a regular expression over a whole path. */
export function globPattern(pattern: string): RegExp {
  let source = "";
  for (let index = 0; index < pattern.length; index += 1) {
    const mark = pattern[index] ?? "";
    if (mark === "*" && pattern[index + 1] === "*") {
      const hasSlash = pattern[index + 2] === "/";
      source += hasSlash ? "(?:[^/]+/)*" : ".*";
      index += hasSlash ? 2 : 1;
    } else if (mark === "*") source += "[^/]*";
    else if (mark === "?") source += "[^/]";
    else if (mark === "[") {
      const end = pattern.indexOf("]", index + 1);
      if (end < 0) source += "\\[";
      else {
        source += `[${pattern
          .slice(index + 1, end)
          .replace(/^!/, "^")
          .replace(/\\/g, "\\\\")}]`;
        index = end;
      }
    } else if (mark === "{" && pattern.indexOf("}", index) > 0) {
      const end = pattern.indexOf("}", index);
      const choices = pattern.slice(index + 1, end).split(",");
      source += `(?:${choices.map((choice) => globPattern(choice).source.slice(1, -1)).join("|")})`;
      index = end;
    } else source += mark.replace(/[.+^$()|\\{}\]]/g, "\\$&");
  }
  return new RegExp(`^${source}$`);
}

type ReadDirectory = (path: string, options: object) => Dirent[];

/** The paths below `cwd` that match one of the patterns, as fs.globSync returns them. */
export function globFiles(
  patterns: unknown,
  options: { cwd?: string; exclude?: unknown } = {},
  readdir: ReadDirectory,
): string[] {
  const matchers = (Array.isArray(patterns) ? patterns : [patterns]).map((pattern) =>
    globPattern(String(pattern).replace(/^\.\//, "")),
  );
  const root = options.cwd ?? ".";
  const prefix = root === "." ? "./" : `${root}/`;
  return readdir(root, { recursive: true, withFileTypes: true })
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(prefix.length))
    .filter((path) => matchers.some((pattern) => pattern.test(path)));
}
