import type { ConsumerEnv } from "../config/env.ts";
import type { SealedLoader } from "./dynamic_worker.ts";
import type { Engine } from "./engine.ts";
import { isolateEngine } from "./isolate.ts";
import { isolateV8Engine } from "./isolate_v8.ts";
import { microVmEngine } from "./microvm/engine.ts";
import { microVmMissing, findMicroVms } from "./microvm/provider.ts";

/** The engine that a task names, or why it cannot serve here. `name` is of the slice. */
export function engineFor(
  kind: Engine["name"],
  env: ConsumerEnv,
  name: string,
): Engine | { unavailable: string } {
  switch (kind) {
    case "isolate":
      return isolateEngine(env.LOADER);
    case "isolate-v8":
      return isolateV8Engine(env.LOADER);
    case "microvm": {
      const open = findMicroVms(env);
      if (open === null) return { unavailable: microVmMissing };
      return microVmEngine(() => open(name), env.LOADER);
    }
  }
}

/** The interpreter whose fuel stops everything, for what a tool runs over a model's patterns. */
export const meteredEngine = (env: { LOADER: SealedLoader }): Engine => isolateEngine(env.LOADER);
