import type { SealedLoader } from "./dynamic_worker.ts";
import type { Engine } from "./engine.ts";
import { isolateEngine } from "./isolate.ts";
import { isolateV8Engine } from "./isolate_v8.ts";

/** The engine that a task names, or why it cannot serve here. */
export function engineFor(
  name: Engine["name"],
  env: { LOADER: SealedLoader },
): Engine | { unavailable: string } {
  switch (name) {
    case "isolate":
      return isolateEngine(env.LOADER);
    case "isolate-v8":
      return isolateV8Engine(env.LOADER);
    case "microvm":
      return {
        unavailable:
          "The engine microvm needs a container: add a [[containers]] entry for @cloudflare/sandbox to " +
          "wrangler.consumer.toml and deploy to an account with Containers, or run Docker locally.",
      };
  }
}

/** The interpreter whose fuel stops everything, for what a tool runs over a model's patterns. */
export const meteredEngine = (env: { LOADER: SealedLoader }): Engine => isolateEngine(env.LOADER);
