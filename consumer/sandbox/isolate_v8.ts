import native from "../../.build/interpreter/native.guest.js";
import { sandboxLimits } from "../../shared/limits.ts";
import { disposable } from "./disposable.ts";
import { dynamicWorker, type SealedLoader } from "./dynamic_worker.ts";
import type { Capabilities, Engine, Program, RunError, RunLimits, RunOutcome } from "./engine.ts";
import { HostTarget } from "./host_target.ts";
import { cut } from "./interpreter/host/outcome.ts";
import type { NativeRequest } from "./interpreter/native.ts";
import { movedBy } from "./interpreter/transform/columns.ts";
import type { PreparedProgram } from "./interpreter/transform/transform.ts";
import { preparedBy } from "./isolate.ts";
import { limitError } from "./limit_error.ts";
import { parseOutcome, stoppedBy } from "./untrusted_outcome.ts";

/** The methods of the native Worker, as its stub is used here. */
interface NativeStub {
  run(request: NativeRequest, host: HostTarget): Promise<RunOutcome & Partial<Disposable>>;
}

let running = 0;

/**
 * The engine for heavy compute: the program runs natively in a fresh Dynamic Worker of its
 * own, without a network; fetch and tools go through the same capabilities.
 *
 * The platform enforces CPU time and memory. Open-source workerd enforces neither: in a local
 * run an endless loop stops the whole process, which the local supervisor has to notice.
 * Fuel does not exist here and is reported as 0.
 */
export function isolateV8Engine(loader: SealedLoader): Engine {
  return {
    name: "isolate-v8",
    async run(program, capabilities, limits, signal) {
      const prepared = await preparedBy(loader, program);
      if (!prepared.ok) return prepared.error;
      // Polled, because a promise that another invocation resolves would look like a hang.
      while (running >= sandboxLimits.nativeAtOnceMax && !signal.aborted) await scheduler.wait(2);
      if (signal.aborted) return stoppedBy(limitError("aborted"));
      running += 1;
      try {
        return await runNative(loader, prepared.value, program, capabilities, limits, signal);
      } finally {
        running -= 1;
      }
    },
  };
}

async function runNative(
  loader: SealedLoader,
  { source, columns, isModule }: PreparedProgram,
  program: Program,
  capabilities: Capabilities,
  limits: RunLimits,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const host = new HostTarget(program, capabilities, signal);
  // The module scope has its own `require`, which would bypass the workspace.
  const lead = "require=(name)=>globalThis.require(name);module.exports=";
  using worker = disposable(
    dynamicWorker(loader, null, {
      mainModule: "native.js",
      modules: { "native.js": { js: native }, "program.js": { cjs: `${lead}${source}` } },
      globalOutbound: null,
      limits: {
        cpuMs: sandboxLimits.nativeCpuMsMax,
        subRequests: sandboxLimits.nativeSubRequestsMax,
      },
    }),
  );
  using entrypoint = disposable(worker.getEntrypoint() as unknown as NativeStub);
  const earlyEnd = Promise.withResolvers<"deadline" | "aborted">();
  // The Worker's own deadline usually comes first; this timer ends the run when its event loop is blocked.
  const timer = setTimeout(() => earlyEnd.resolve("deadline"), limits.wallMs + 1_000);
  const abort = (): void => earlyEnd.resolve("aborted");
  signal.addEventListener("abort", abort, { once: true });
  try {
    const { tools, readOnly = null } = program;
    const request = { tools, readOnly, columns: movedBy(columns, lead.length), isModule, limits };
    const first = await Promise.race([entrypoint.run(request, host), earlyEnd.promise]);
    if (typeof first === "string") return stoppedBy(limitError(first));
    using outcome = disposable(first);
    return parseOutcome(outcome, limits);
  } catch (error) {
    return stoppedBy(platformError(error));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    host.close();
  }
}

/** The platform ended the Worker: its reason becomes one of our error kinds. */
function platformError(error: unknown): RunError {
  const message = error instanceof Error ? error.message : "";
  if (/cpu|time limit/i.test(message)) return limitError("fuel");
  if (/memory/i.test(message)) return limitError("memory");
  return {
    kind: /SyntaxError/.test(message) ? "syntax" : "thrown",
    name: "Error",
    message: `The program's isolate ended: ${cut(message, sandboxLimits.errorBytesMax)}`,
    stack: "",
  };
}
