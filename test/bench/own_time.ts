/** Runs loop.ts in Node, bundled like the modules of the Workers. */
import path from "node:path";
import { build } from "esbuild";

/** Median CPU milliseconds per step of the loop. */
export async function measureLoopMs(stateDir: string): Promise<number> {
  const outfile = path.join(stateDir, "loop.mjs");
  await build({
    entryPoints: [path.join(import.meta.dirname, "loop.ts")],
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "error",
    outfile,
  });
  const { loopMilliseconds } = (await import(outfile)) as typeof import("./loop.ts");
  return loopMilliseconds();
}
