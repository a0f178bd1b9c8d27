/** What a slice runs in its sandbox: the agent's programs, commands and scripts, and searches of ours. */
import { sandboxLimits } from "../../shared/limits.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { type Bounds, millisecondsLeft } from "../loop/budget.ts";
import type { JournalWriter } from "../loop/journal_writer.ts";
import { runBash } from "../sandbox/bash/bash.ts";
import type { BashOutcome } from "../sandbox/bash/worker.ts";
import type { Capabilities, Engine, RunOutcome } from "../sandbox/engine.ts";
import { meteredEngine } from "../sandbox/index.ts";
import type { Workspace } from "./workspace.ts";

export interface SandboxRuns {
  code(code: string, able: Capabilities): Promise<RunOutcome>;
  /** Rejects where the engine has no shell. */
  shell(command: string, able: Capabilities): Promise<RunOutcome>;
  /** A script that breaks its interpreter is its own fault: the answer says so, and the task goes on. */
  bash(script: string, able: Capabilities): Promise<BashOutcome>;
  /** A program of ours over what a model wrote: its fuel is the bound, and it can reach nothing. */
  metered(code: string, files: ReadonlyMap<string, Uint8Array>): Promise<RunOutcome>;
  /** Why an engine broke by its own fault; null while none did. */
  fault(): string | null;
}

/** `callable` names the tools that a program may call, as they are at each run. */
export function createSandboxRuns(
  fleet: ConsumerConfig,
  engine: Engine,
  { workspace, bounds, scribe }: { workspace: Workspace; bounds: Bounds; scribe: JournalWriter },
  callable: () => string[],
  signal: AbortSignal,
): SandboxRuns {
  let fault: string | null = null;
  const wallMs = () => Math.min(sandboxLimits.wallMsMax, millisecondsLeft(scribe.used, bounds));

  async function guarded(work: () => Promise<RunOutcome>): Promise<RunOutcome> {
    try {
      return await work();
    } catch (error) {
      // An engine throws for its own faults alone, unless it was stopped.
      if (!signal.aborted) fault = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  async function run(how: Engine["run"], code: string, able: Capabilities): Promise<RunOutcome> {
    const files = await workspace.all();
    const { readOnly } = workspace;
    const limits = { ...runBounds, wallMs: wallMs() };
    return guarded(() => how({ code, files, readOnly, tools: callable() }, able, limits, signal));
  }

  return {
    code: (code, able) => run(engine.run, code, able),
    async shell(command, able) {
      if (engine.shell === undefined) throw new Error(`the sandbox ${engine.name} has no shell`);
      return run(engine.shell, command, able);
    },
    async bash(script, able) {
      const program = { code: script, files: await workspace.all(), tools: [] };
      return runBash(fleet.env, program, able, wallMs(), signal);
    },
    metered: (code, files) =>
      guarded(() =>
        meteredEngine(fleet.env).run({ code, files, tools: [] }, closed, searchBounds, signal),
      ),
    fault: () => fault,
  };
}

const runBounds = {
  fuel: sandboxLimits.fuelMax,
  memoryBytes: sandboxLimits.memoryBytesMax,
  logBytes: sandboxLimits.logBytesMax,
  valueBytes: sandboxLimits.valueBytesMax,
};

/** One search: all of a run's fuel, and room for every path of the workspace in its answer. */
const searchBounds = {
  ...runBounds,
  wallMs: sandboxLimits.wallMsMax,
  logBytes: 0,
  valueBytes: sandboxLimits.searchValueBytesMax,
};

const closed: Capabilities = {
  fetch: () => Promise.reject(new Error("A search has no network.")),
  call: async () => ({ ok: false, message: "A search calls no tools." }),
};
