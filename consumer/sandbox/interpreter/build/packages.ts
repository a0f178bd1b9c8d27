import { build } from "esbuild";

/** Packages that a program can import, each bundled as one function; see docs/sandboxes.md for the choice. */
export const packages: readonly string[] = [];

/** Their sources, by "package:name". */
export async function packageSources(root: string): Promise<Record<string, string>> {
  const sources: Record<string, string> = {};
  for (const name of packages) {
    const result = await build({
      stdin: { contents: `module.exports=require(${JSON.stringify(name)})`, resolveDir: root },
      bundle: true,
      format: "cjs",
      platform: "browser",
      target: "es2023",
      minify: true,
      write: false,
      logLevel: "error",
      external: [
        "node:*",
        "fs",
        "path",
        "stream",
        "buffer",
        "util",
        "events",
        "crypto",
        "zlib",
        "os",
        "url",
        "string_decoder",
      ],
    });
    const [file] = result.outputFiles;
    if (file === undefined) throw new Error(`The bundle of ${name} is empty.`);
    sources[`package:${name}`] = `function(exports,require,module){${file.text}\n}`;
  }
  return sources;
}
