/**
 * How this deployment opens containers, if it does: said once, by the entry that has them. Apart from the
 * engine, because tools are listed outside of Workers too, where nothing of the runtime can be loaded.
 */
import type { ConsumerEnv } from "../../config/env.ts";
import type { Engine } from "../engine.ts";
import type { OpenMicroVm } from "./client.ts";

let waysOf: (env: ConsumerEnv) => OpenMicroVm | null = () => null;

/** Said by the entry of a deployment that has containers, before any task runs. */
export function useMicroVms(ways: (env: ConsumerEnv) => OpenMicroVm | null): void {
  waysOf = ways;
}

/** Null where there are no containers. */
export const microVmsOf = (env: ConsumerEnv): OpenMicroVm | null => waysOf(env);

export const microVmMissing =
  "The sandbox microvm needs containers, which this fleet runs without. Deploy with `npm run deploy -- --microvm` " +
  "to an account with Containers, or see docs/sandboxes.md to run it locally with Docker; else use the sandbox " +
  "isolate or isolate-v8.";

/** Why no task of this fleet can have the engine, or null. */
export const engineFault = (kind: Engine["name"], env: ConsumerEnv): string | null =>
  kind === "microvm" && microVmsOf(env) === null ? microVmMissing : null;
