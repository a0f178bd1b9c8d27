/**
 * `defineTool`: what a model may call. A tool gets capabilities, never the environment; a bad
 * call never throws past it, because what a tool says is an answer that the model reads.
 */
import type { Static, TObject, TSchema } from "@sinclair/typebox";
import type { ConsumerEnv } from "../env.ts";
import type { GuestRequest, GuestResponse, RunOutcome } from "../sandbox/engine.ts";
import type { Workspace } from "../workspace.ts";

/**
 * `read` changes nothing and may run beside others; `idempotent` may be repeated with the same key;
 * `effect` starts at most once per step: its intent is journaled first.
 */
export type Effect = "read" | "idempotent" | "effect";

/** All that a tool is given. */
export interface ToolContext {
  taskId: string;
  /** The step's sequence number within the task. */
  stepId: number;
  /** The same for every repetition of this step, and for no other. */
  idempotencyKey: string;
  signal: AbortSignal;
  /** Through the egress gateway; a denial answers as a 403. Never rejects. */
  fetch(request: GuestRequest): Promise<GuestResponse>;
  files: Workspace;
  /** Runs a program in the task's sandbox. */
  runCode(code: string): Promise<RunOutcome>;
  /**
   * Runs a program of the tool's own in the metered interpreter, whichever engine the task has: over
   * the files given and with no way out. It is for what a model can make endless, such as a pattern.
   */
  metered(code: string, files: ReadonlyMap<string, Uint8Array>): Promise<RunOutcome>;
}

/**
 * What a tool answers: text for the model, and whether it did what was asked. A program that calls the
 * tool gets `value`, which must be JSON, where there is one; else the text.
 */
export interface ToolResult {
  ok: boolean;
  text: string;
  value?: unknown;
}

export interface Tool {
  name: string;
  description: string;
  input: TObject;
  /** What a program that calls the tool gets; text when left out. Shown to the model as a type. */
  output?: TSchema;
  effect: Effect;
  /** Null when configured, else a sentence saying what to set. A tool that is not configured is hidden. */
  requires?: (env: ConsumerEnv) => string | null;
  /** Contract: `input` has passed `input`'s schema. May throw; the message is told to the model. */
  run(input: never, context: ToolContext): Promise<ToolResult>;
}

/** Gives `run` the type of its schema. */
export function defineTool<S extends TObject>(
  tool: Omit<Tool, "input" | "run"> & {
    input: S;
    run(input: Static<S>, context: ToolContext): Promise<ToolResult>;
  },
): Tool {
  return tool as Tool;
}

export const done = (text: string, value?: unknown): ToolResult =>
  value === undefined ? { ok: true, text } : { ok: true, text, value };
export const refused = (text: string): ToolResult => ({ ok: false, text });
