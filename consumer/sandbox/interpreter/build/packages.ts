import { build } from "esbuild";
import { sandboxPackages } from "../../packages.ts";

/** Modules that a package can `require` inside a program. */
const builtins = [
  "assert",
  "buffer",
  "crypto",
  "events",
  "fs",
  "os",
  "path",
  "stream",
  "string_decoder",
  "url",
  "util",
  "zlib",
];

/** The packages' sources as functions, by "package:name". */
export async function packageSources(root: string): Promise<Record<string, string>> {
  const bundles = sandboxPackages.map(async ({ name, entry = name }) => {
    const result = await build({
      stdin: { contents: `module.exports=require(${JSON.stringify(entry)})`, resolveDir: root },
      bundle: true,
      format: "cjs",
      platform: "browser",
      target: "es2023",
      minify: true,
      keepNames: false,
      write: false,
      logLevel: "error",
      external: ["node:*", ...builtins],
    });
    const [file] = result.outputFiles;
    if (file === undefined) throw new Error(`The bundle of ${name} is empty.`);
    return [`package:${name}`, `function(exports,require,module){${file.text}\n}`] as const;
  });
  return Object.fromEntries(await Promise.all(bundles));
}
