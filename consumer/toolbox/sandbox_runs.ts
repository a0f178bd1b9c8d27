/** What a slice runs in its sandbox: the agent's programs, commands and scripts, and searches of the tools. */

import { memoryLimits, sandboxLimits } from "../../shared/limits.ts";
import type { Bounds } from "../../shared/spend/budgets.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { millisecondsLeft } from "../loop/budget/allowance.ts";
import type { LoopJournal } from "../loop/journal/loop_journal.ts";
import type { MemoryShare } from "../memory/byte_budget.ts";
import { runBash } from "../sandbox/bash/bash.ts";
import type { BashOutcome } from "../sandbox/bash/worker.ts";
import type { Capabilities, Engine, RunOutcome } from "../sandbox/engine.ts";
import { meteredEngine } from "../sandbox/index.ts";
import type { Workspace } from "./workspace.ts";

export interface SandboxRuns {
  code(code: string, capabilities: Capabilities): Promise<RunOutcome>;
  /** Rejects where the engine has no shell. */
  shell(command: string, capabilities: Capabilities): Promise<RunOutcome>;
  /** Runs a script. If it breaks its interpreter, the outcome says so, and the task continues. */
  bash(script: string, capabilities: Capabilities): Promise<BashOutcome>;
  /** Runs our own program over what a model wrote: its fuel bounds it, and it can reach nothing. */
  metered(code: string, files: ReadonlyMap<string, Uint8Array>): Promise<RunOutcome>;
  /** The fault by which an engine broke; null while none did. */
  fault(): string | null;
}

/** `callable` names the tools that a program may call. */
export function createSandboxRuns(
  { env }: ConsumerConfig,
  engine: Engine,
  task: { workspace: Workspace; bounds: Bounds; journal: LoopJournal; memory: MemoryShare },
  callable: readonly string[],
  signal: AbortSignal,
): SandboxRuns {
  const { workspace, bounds, journal, memory } = task;
  let fault: string | null = null;
  const wallMs = () => Math.min(sandboxLimits.wallMsMax, millisecondsLeft(journal.used, bounds));

  async function noteFault(work: () => Promise<RunOutcome>): Promise<RunOutcome> {
    try {
      return await work();
    } catch (error) {
      // Unless it was stopped, an engine throws only if it failed itself: `fault` keeps why.
      if (!signal.aborted) fault = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  async function run(
    runProgram: Engine["run"],
    code: string,
    capabilities: Capabilities,
  ): Promise<RunOutcome> {
    return withRoom(async (files) => {
      const program = { code, files, readOnly: workspace.readOnlyFolder, tools: callable };
      const limits = { ...runBounds, wallMs: wallMs() };
      return noteFault(() => runProgram(program, capabilities, limits, signal));
    });
  }

  /** Reads the workspace once the isolate has room for its copies. */
  async function withRoom<T>(
    work: (files: ReadonlyMap<string, Uint8Array>) => Promise<T>,
  ): Promise<T> {
    const { bytesKnown, bytesInMemory } = workspace;
    const loan = memory.lend("call");
    const copyBytes = memoryLimits.runFactor * bytesKnown + Math.max(0, bytesKnown - bytesInMemory);
    try {
      const hasRoom = await journal.waitUntimed(loan.grow(copyBytes, { signal }));
      if (!hasRoom) throw new Error("The run was stopped.");
      return await work(await workspace.readAll());
    } finally {
      loan.end();
    }
  }

  return {
    code: (code, capabilities) => run(engine.run, code, capabilities),
    async shell(command, capabilities) {
      if (engine.shell === undefined) throw new Error(`the sandbox ${engine.name} has no shell`);
      return run(engine.shell, command, capabilities);
    },
    bash: (script, capabilities) =>
      withRoom(async (files) =>
        runBash(env, { code: script, files, tools: [] }, capabilities, wallMs(), signal),
      ),
    metered: (code, files) =>
      noteFault(() =>
        meteredEngine(env).run({ code, files, tools: [] }, noCapabilities, searchBounds, signal),
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

/** One search: all of a run's fuel, and room for every path of the workspace in its result. */
const searchBounds = {
  ...runBounds,
  wallMs: sandboxLimits.wallMsMax,
  logBytes: 0,
  valueBytes: sandboxLimits.searchValueBytesMax,
};

const noCapabilities: Capabilities = {
  fetch: () => Promise.reject(new Error("A search has no network.")),
  call: async () => ({ ok: false, message: "A search calls no tools." }),
};
