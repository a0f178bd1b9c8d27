import type { ConsumerEnv } from "../env.ts";
import type { SealedLoader } from "./dynamic_worker.ts";
import type { Engine } from "./engine.ts";
import { isolateEngine } from "./isolate.ts";
import { isolateV8Engine } from "./isolate_v8.ts";
import type { OpenMicroVm } from "./microvm/client.ts";
import { microVmEngine } from "./microvm.ts";

let microVmsOf: (env: ConsumerEnv) => OpenMicroVm | null = () => null;

/** Said by the entry of a deployment that has containers, before any task runs. */
export function useMicroVms(ways: (env: ConsumerEnv) => OpenMicroVm | null): void {
  microVmsOf = ways;
}

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
      const open = microVmsOf(env);
      if (open === null) return { unavailable: microVmMissing };
      return microVmEngine(() => open(name), env.LOADER);
    }
  }
}

const microVmMissing =
  "The sandbox microvm needs containers, which this fleet runs without. Deploy with `npm run deploy -- --microvm` " +
  "to an account with Containers, or see docs/sandboxes.md to run it locally with Docker; else use the sandbox " +
  "isolate or isolate-v8.";

/** Why no task of this fleet can have the engine, or null. */
export const engineFault = (kind: Engine["name"], env: ConsumerEnv): string | null =>
  kind === "microvm" && microVmsOf(env) === null ? microVmMissing : null;

/** The interpreter whose fuel stops everything, for what a tool runs over a model's patterns. */
export const meteredEngine = (env: { LOADER: SealedLoader }): Engine => isolateEngine(env.LOADER);
