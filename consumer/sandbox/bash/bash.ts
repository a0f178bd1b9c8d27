import guest from "../../../.build/bash/bash.guest.js";
import { bashLimits } from "../../../shared/limits.ts";
import { disposable } from "../disposable.ts";
import { dynamicWorker, type SealedLoader } from "../dynamic_worker.ts";
import type { Capabilities, Program } from "../engine.ts";
import { HostTarget } from "../host_target.ts";
import type { BashOutcome, BashRequest } from "./worker.ts";

interface BashStub {
  run(request: BashRequest, host: HostTarget): Promise<BashOutcome & Partial<Disposable>>;
}

/** "bash@" and the hash of its contents, which the build writes on the first line. */
export const bashIdentity = guest.slice(2, guest.indexOf("\n"));

/**
 * Runs one bash script over the workspace, in a Dynamic Worker of its own kind that all tasks share. It is
 * loaded with the first script and not before. Rejects where the Worker itself breaks or takes too long.
 */
export async function runBash(
  { LOADER: loader }: { LOADER: SealedLoader },
  program: Program,
  capabilities: Capabilities,
  wallMs: number,
  signal: AbortSignal,
): Promise<BashOutcome> {
  const host = new HostTarget(program, capabilities, signal);
  const worker = dynamicWorker(loader, bashIdentity, {
    mainModule: "bash.js",
    modules: { "bash.js": { js: guest } },
    globalOutbound: null,
    limits: { cpuMs: bashLimits.cpuMsMax, subRequests: bashLimits.subRequestsMax },
  });
  const deadline = Promise.withResolvers<never>();
  // The script's own clock usually ends it; this timer ends it when its event loop is blocked.
  const timer = setTimeout(
    () => deadline.reject(new Error("The script took too long and was stopped.")),
    wallMs + bashLimits.graceMs,
  );
  const abort = (): void => deadline.reject(new Error("The run was aborted."));
  signal.addEventListener("abort", abort, { once: true });
  try {
    using stub = disposable(worker.getEntrypoint() as unknown as BashStub);
    const running = stub.run({ script: program.code, wallMs }, host);
    using outcome = disposable(await Promise.race([running, deadline.promise]));
    const { stdout, stderr, exitCode } = outcome;
    // Copied, because values that came over RPC are freed when their source is disposed.
    const changes = new Map([...outcome.changes].map(([path, bytes]) => [String(path), bytes]));
    return { stdout: String(stdout), stderr: String(stderr), exitCode: Number(exitCode), changes };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    host.close();
  }
}
