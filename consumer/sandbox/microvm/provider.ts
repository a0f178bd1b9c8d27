/**
 * How this deployment opens containers, if it has any. Separate from the engine, because tools are also
 * listed outside of Workers, where nothing of the runtime can be loaded.
 */
import { err, ok, type Result } from "../../../shared/result.ts";
import type { ConsumerEnv } from "../../config/env.ts";
import type { Engine } from "../engine.ts";
import type { OpenMicroVm } from "./client.ts";

type MicroVmProvider = (env: ConsumerEnv) => OpenMicroVm | null;
let provider: MicroVmProvider = () => null;

/** Called by the entry of a deployment that has containers, before any task runs. */
export function setMicroVmProvider(next: MicroVmProvider): void {
  provider = next;
}

/** Null where there are no containers. */
export const findMicroVms = (env: ConsumerEnv): OpenMicroVm | null => provider(env);

export const microVmMissing =
  "The sandbox microvm needs containers, and this fleet has none. Deploy with `npm run deploy -- --microvm` " +
  "to an account with Containers, or see docs/sandboxes.md to run it locally with Docker; else use the sandbox " +
  "isolate or isolate-v8.";

/** Whether tasks of this fleet can use the engine. */
export const checkEngine = (kind: Engine["name"], env: ConsumerEnv): Result<void, string> =>
  kind === "microvm" && findMicroVms(env) === null ? err(microVmMissing) : ok(undefined);
