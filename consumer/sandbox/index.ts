import { err, ok, type Result } from "../../shared/result.ts";
import type { ConsumerEnv } from "../config/env.ts";
import type { SealedLoader } from "./dynamic_worker.ts";
import type { Engine } from "./engine.ts";
import { isolateEngine } from "./isolate.ts";
import { isolateV8Engine } from "./isolate_v8.ts";
import { microVmEngine } from "./microvm/engine.ts";
import { findMicroVms, microVmMissing } from "./microvm/provider.ts";

/** The engine that a task names, or why this fleet does not have it. `name` identifies the slice. */
export function engineFor(
  kind: Engine["name"],
  env: ConsumerEnv,
  name: string,
): Result<Engine, string> {
  switch (kind) {
    case "isolate":
      return ok(isolateEngine(env.LOADER));
    case "isolate-v8":
      return ok(isolateV8Engine(env.LOADER));
    case "microvm": {
      const open = findMicroVms(env);
      if (open === null) return err(microVmMissing);
      return ok(microVmEngine(() => open(name), env.LOADER));
    }
  }
}

/** The interpreter with fuel, which stops any program: tools run a model's patterns in it. */
export const meteredEngine = (env: { LOADER: SealedLoader }): Engine => isolateEngine(env.LOADER);
