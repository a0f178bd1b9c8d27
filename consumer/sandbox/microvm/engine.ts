import { sandboxLimits } from "../../../shared/limits.ts";
import type { SealedLoader } from "../dynamic_worker.ts";
import type { Engine, RunOutcome } from "../engine.ts";
import { HostTarget } from "../host_target.ts";
import { preparedBy } from "../isolate.ts";
import { limitError } from "../limit_error.ts";
import { stoppedBy } from "../untrusted_outcome.ts";
import type { MicroVmClient } from "./client.ts";
import { ContainerSession, type Work } from "./container_session.ts";
import { parseReport } from "./report.ts";

/**
 * The engine with a full Linux: programs in the image's Node, and commands in its shell. One container
 * serves a slice of a task, from its first run to `close`. Files cross only where they changed. Nothing
 * leaves it except through the capabilities: its network is the outbound handler of container.ts.
 */
export function microVmEngine(
  open: () => MicroVmClient,
  loader: SealedLoader,
): Engine & Required<Pick<Engine, "shell" | "close">> {
  const session = new ContainerSession(open);
  return {
    name: "microvm",
    async run(...run) {
      const prepared = await preparedBy(loader, run[0]);
      if (!prepared.ok) return prepared.error;
      const { source, firstLineShift: shift } = prepared.value;
      return runIn(session, { kind: "code", source, shift }, ...run);
    },
    shell: (...run) => runIn(session, { kind: "shell", command: run[0].code }, ...run),
    close: () => session.close(),
  };
}

async function runIn(
  session: ContainerSession,
  work: Work,
  ...[program, capabilities, limits, signal]: Parameters<Engine["run"]>
): Promise<RunOutcome> {
  const host = new HostTarget(program, capabilities, signal);
  const earlyEnd = Promise.withResolvers<"deadline" | "aborted">();
  const wallMs = limits.wallMs + sandboxLimits.vmStartMsMax;
  const timer = setTimeout(() => earlyEnd.resolve("deadline"), wallMs);
  const abort = (): void => earlyEnd.resolve("aborted");
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  const startedAt = Date.now();
  try {
    const report = await Promise.race([session.run(work, program, limits, host), earlyEnd.promise]);
    if (typeof report === "string") {
      // A container that does not answer is not used again.
      await session.close();
      return stoppedBy(limitError(report));
    }
    const usage = { fuel: 0, hostCalls: host.calls, durationMs: Date.now() - startedAt };
    const outcome = parseReport(report, work.kind, limits, usage);
    // The container holds changes that the workspace rejected: start over from the workspace.
    if (outcome.error?.kind === "too_large") void session.close().catch(() => undefined);
    session.recordChanges(outcome.changes);
    return outcome;
  } catch (error) {
    await session.close().catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    host.close();
  }
}
