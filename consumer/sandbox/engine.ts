/**
 * One interface, several engines: run a program that a model wrote, with nothing
 * but the capabilities passed in. An engine never throws for what a program does;
 * it throws only for its own faults (the Loader is gone, a module is missing).
 */

/** A request as the program made it: raw URL text, not yet parsed or trusted. */
export interface GuestRequest {
  url: string;
  method: string;
  headers: [name: string, value: string][];
  body: Uint8Array | null;
}

/** A response as the program may see it: scrubbed and capped by the gateway. */
export interface GuestResponse {
  url: string;
  status: number;
  statusText: string;
  headers: [name: string, value: string][];
  body: Uint8Array;
}

/** The only ways out of a sandbox. Neither method rejects: a denial is returned as an answer. */
export interface Capabilities {
  /** Sends one request through the egress gateway. A denial answers as a 403 with a JSON body. */
  fetch(request: GuestRequest): Promise<GuestResponse>;
  /**
   * Calls one permitted tool by name; arguments and answer are JSON text. `changes` is what the program
   * changed since its last call: the tool sees it, and the workspace has it from then on.
   */
  call(tool: string, argumentsJson: string, changes: FileChanges): Promise<ToolAnswer>;
}

/** Files written (bytes) and deleted (null), by path. */
export type FileChanges = ReadonlyMap<string, Uint8Array | null>;

/** What a tool answered to a program: `ok: false` is thrown into the program as an Error. */
export type ToolAnswer = ({ ok: true; json: string } | { ok: false; message: string }) & {
  /** What others changed in the workspace meanwhile; absent if the engine does not synchronise files. */
  changes?: FileChanges;
  /** False if the host refused the call: the workspace took none of the program's changes, and no tool was called. */
  kept?: false;
};

/** One run. `files` is the workspace, path to contents; paths are relative and confined. */
export interface Program {
  code: string;
  files: ReadonlyMap<string, Uint8Array>;
  /** The folder of `files` in which nothing can be written; none where it is left out or null. */
  readOnly?: string | null;
  /** True where the files are only data: none of them can be imported. Only the metered engine holds it. */
  dataOnly?: boolean;
  /** Tools that the program may call as global async functions taking one object. */
  tools: readonly string[];
}

/** The limits of one run. Each engine enforces those that its platform can enforce. */
export interface RunLimits {
  fuel: number;
  memoryBytes: number;
  wallMs: number;
  logBytes: number;
  valueBytes: number;
}

/** Why a program did not finish by itself. `thrown` and `syntax` are the program's own errors. */
export type RunErrorKind =
  | "thrown"
  | "syntax"
  | "fuel"
  | "memory"
  | "stack"
  | "deadline"
  | "stalled"
  | "too_large";

export interface RunError {
  kind: RunErrorKind;
  name: string;
  message: string;
  /** The stack with line numbers of the agent's own code, frames of the engine removed. */
  stack: string;
}

export interface RunOutcome {
  /** The value of the last expression or default export as a terminal shows it; null when undefined. */
  value: string | null;
  /** The lines of console.*, as a terminal shows them, capped. */
  logs: string;
  error: RunError | null;
  /** The changes that no call has handed over. Empty when a limit stopped the run. */
  changes: FileChanges;
  usage: { fuel: number; hostCalls: number; durationMs: number };
}

export interface Engine {
  readonly name: "isolate" | "isolate-v8" | "microvm";
  /**
   * Runs one program. `signal` aborts it at the next host call or limit check.
   * The caller keeps ownership of `capabilities`; the engine disposes every stub it makes.
   */
  run(
    program: Program,
    capabilities: Capabilities,
    limits: RunLimits,
    signal: AbortSignal,
  ): Promise<RunOutcome>;
  /** Runs `program.code` as a command of a shell; only an engine that has one. */
  shell?: Engine["run"];
  /** Ends what outlives a run. Called once, when the slice is over. */
  close?(): Promise<void>;
}
