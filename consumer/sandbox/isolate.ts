import guest from "../../.build/interpreter/interpreter.guest.js";
import image from "../../.build/interpreter/interpreter.image.bin";
import wasm from "../../.build/interpreter/interpreter.wasm";
import { sandboxLimits } from "../../shared/limits.ts";
import { withTimeout } from "../../shared/platform/timeout.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { disposable } from "./disposable.ts";
import { dynamicWorker, type SealedLoader } from "./dynamic_worker.ts";
import type { Engine, Program, RunOutcome } from "./engine.ts";
import { HostTarget } from "./host_target.ts";
import type { Prepared, PreparedProgram } from "./interpreter/transform/transform.ts";
import type { RunRequest } from "./interpreter/worker.ts";
import { stoppedBy } from "./untrusted_outcome.ts";

/** The methods of the interpreter's Worker, as its stub is used here. */
interface InterpreterStub {
  run(request: RunRequest, host: HostTarget): Promise<RunOutcome & Partial<Disposable>>;
  prepare(code: string): Promise<Prepared & Partial<Disposable>>;
}

/** "interpreter@" and the hash of its contents, which the build writes on the first line. */
export const interpreterIdentity = guest.slice(2, guest.indexOf("\n"));

/**
 * The default engine: a metered QuickJS inside one stable Dynamic Worker that has no
 * network. Agents' code is data to it. Fuel, memory, stack and time hold everywhere.
 */
export function isolateEngine(loader: SealedLoader): Engine {
  return {
    name: "isolate",
    async run(program, capabilities, limits, signal) {
      const tooLarge = rejectOversized(program);
      if (tooLarge) return tooLarge;
      const host = new HostTarget(program, capabilities, signal);
      try {
        using stub = interpreter(loader);
        const { code, tools, readOnly = null, dataOnly = false } = program;
        const files = smallEnough(program.files);
        const run = stub.run({ code, files, tools, readOnly, dataOnly, limits }, host);
        using outcome = disposable(await host.outcomeInTime(run, limits.wallMs));
        // Copied, because values that came over RPC are freed when their source is disposed.
        const { value, logs, error, changes, usage } = outcome;
        return { value, logs, error, changes, usage };
      } catch (error) {
        // A hanging instance may never return: the next run gets another instance with the same contents.
        if (host.hangs) hung += 1;
        throw error;
      } finally {
        host.close();
      }
    },
  };
}

/** The files, if they are small enough to be sent with the run. */
function smallEnough(files: Program["files"]): Program["files"] | null {
  let bytes = 0;
  for (const [name, content] of files) {
    bytes += name.length + content.length;
    if (bytes > sandboxLimits.inlineFilesBytesMax) return null;
  }
  return files;
}

/** The number of interpreter instances that hang, as far as this isolate knows. */
let hung = 0;

/** The interpreter's Worker; the caller disposes of it. */
function interpreter(loader: SealedLoader): InterpreterStub & Disposable {
  const identity = hung === 0 ? interpreterIdentity : `${interpreterIdentity}#${hung}`;
  const worker = dynamicWorker(loader, identity, {
    mainModule: "interpreter.js",
    modules: {
      "interpreter.js": { js: guest },
      "interpreter.wasm": { wasm },
      "interpreter.image.bin": { data: image },
    },
    globalOutbound: null,
    limits: null,
  });
  return disposable(worker.getEntrypoint() as unknown as InterpreterStub);
}

/**
 * A program made runnable, for the engines that run it elsewhere, or how its run ends before it starts. The
 * interpreter's Worker counts as one in flight, so it is released before they start.
 */
export async function preparedBy(
  loader: SealedLoader,
  program: Program,
): Promise<Result<PreparedProgram, RunOutcome>> {
  const tooLarge = rejectOversized(program);
  if (tooLarge) return err(tooLarge);
  using stub = interpreter(loader);
  const preparing = withTimeout(
    "the interpreter",
    sandboxLimits.graceMs,
    stub.prepare(program.code),
  );
  using prepared = disposable(await preparing);
  // Copied, because values that came over RPC are freed when their source is disposed.
  if (!prepared.ok) return err(stoppedBy({ kind: "syntax", ...prepared.error }));
  return ok({ ...prepared.value });
}

/** Rejects a program that is too long to be parsed. */
function rejectOversized(program: Program): RunOutcome | null {
  if (program.code.length <= sandboxLimits.codeBytesMax) return null;
  const message = `The code is longer than ${sandboxLimits.codeBytesMax} characters.`;
  return stoppedBy({ kind: "too_large", name: "LimitError", message, stack: "" });
}
