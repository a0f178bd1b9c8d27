import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Plugin } from "esbuild";

/** The published glue of the interpreter, for the bundles that hold it. */
export function glue(root: string): Plugin {
  const { resolve } = createRequire(path.join(root, "package.json"));
  const engine = path.dirname(resolve("@jitl/quickjs-wasmfile-release-sync/package.json"));
  const file = path.join(engine, "dist/emscripten-module.cloudflare.cjs");
  return {
    name: "glue",
    setup(bundler) {
      bundler.onResolve({ filter: /^emscripten-glue$/ }, () => ({ path: file }));
      bundler.onLoad({ filter: /emscripten-module\.cloudflare\.cjs$/ }, () => ({
        contents: withoutMachine(readFileSync(file, "utf8")),
        loader: "js",
      }));
    },
  };
}

/** What the glue asks of the machine that it runs on, and the fixed answer that replaces each question. */
const replacements: [question: string, answer: string][] = [
  // The program's clock is its run's, so that timers which jump ahead move it too.
  ["()=>Date.now()", "()=>moduleArg.clock()"],
  ['globalThis.navigator?.language??"C"', '"C"'],
];

function withoutMachine(text: string): string {
  return replacements.reduce((written, [question, answer]) => {
    const parts = written.split(question);
    if (parts.length !== 2)
      throw new Error(`The glue does not have ${question} once, as expected.`);
    return parts.join(answer);
  }, text);
}
