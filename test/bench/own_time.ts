/** Runs loop.ts outside of workerd. It is bundled first, because the Workers' modules are. */
import path from "node:path";
import { build } from "esbuild";

/** Milliseconds of processor time that a step of the loop costs, at the median. */
export async function ownMilliseconds(stateDir: string): Promise<number> {
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
