/**
 * `defineTool`: what a model may call. A tool gets capabilities, never the environment; a bad
 * call never throws past it, because what a tool says is an answer that the model reads.
 */
import type { Static, TObject, TSchema } from "@sinclair/typebox";
import type { ConsumerEnv } from "../config/env.ts";
import type { Transport } from "../egress/forward.ts";
import type { BashOutcome } from "../sandbox/bash/worker.ts";
import type { Engine, GuestRequest, GuestResponse, RunOutcome } from "../sandbox/engine.ts";
import type { Workspace } from "../toolbox/workspace.ts";
import { type BindingName, isFleetOwn, type ToolBindings } from "./bindings.ts";

/**
 * `read` changes nothing and may run beside others; `idempotent` may be repeated with the same key;
 * `effect` starts at most once per step: its intent is journaled first.
 */
export type Effect = "read" | "idempotent" | "effect";

/** All that a tool is given. `B` are the bindings that it declared. */
export interface ToolContext<B extends BindingName = never> {
  taskId: string;
  /** The step's sequence number within the task. */
  stepId: number;
  /** The same for every repetition of this step, and for no other. */
  idempotencyKey: string;
  signal: AbortSignal;
  /** Through the egress gateway; a denial answers as a 403. Never rejects. */
  fetch(request: GuestRequest): Promise<GuestResponse>;
  /**
   * The same for a tool that has another way to the URL, such as a browser: the policy decides on it, and
   * the request is counted, logged and scrubbed; `send` gets the decided URL in place of the network, and
   * regular expressions of the URLs that the policy permits at its origin, for what follows links itself.
   * A rule that injects a credential is refused, because nothing says where else `send` would carry it.
   */
  fetchBy(url: string, send: Transport): Promise<GuestResponse>;
  files: Workspace;
  /** Runs a program in the task's sandbox. */
  runCode(code: string): Promise<RunOutcome>;
  /** Runs a command in the shell of the task's sandbox; throws where it has none. */
  runShell(command: string): Promise<RunOutcome>;
  /**
   * Runs a program of the tool's own in the metered interpreter, whichever engine the task has: over
   * the files given and with no way out. It is for what a model can make endless, such as a pattern.
   */
  metered(code: string, files: ReadonlyMap<string, Uint8Array>): Promise<RunOutcome>;
  /** Runs a bash script over the workspace; what it changed is for the tool to apply. */
  runBash(script: string): Promise<BashOutcome>;
  /** The declared bindings and variables, and no other. */
  bindings: Readonly<Pick<ToolBindings, B>>;
  /** The account's own services that the task's policy routes to: binding name to origin. */
  services: ReadonlyMap<string, string>;
  /**
   * Reserves dollars of the task's budget, before they are spent. Null when they fit, else a sentence
   * for the model: then nothing may be spent.
   */
  spend(dollars: number): string | null;
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
  /** Lower case letters, digits and single underscores; two of them part an MCP server from its tool. */
  name: string;
  description: string;
  input: TObject;
  /** What a program that calls the tool gets; text when left out. Shown to the model as a type. */
  output?: TSchema;
  effect: Effect;
  /** Bindings and variables that `run` gets; while one is not set, the tool is hidden. */
  bindings?: readonly BindingName[];
  /** What stands in for variables that are not set. */
  defaults?: Partial<ToolBindings>;
  /** The sandboxes that the tool needs one of; all when left out. In others it is hidden. */
  sandboxes?: readonly Engine["name"][];
  /** Null when configured, else a sentence saying what to set. A tool that is not configured is hidden. */
  requires?: (env: ConsumerEnv) => string | null;
  /** Contract: `input` has passed `input`'s schema. May throw; the message is told to the model. */
  run(input: never, context: ToolContext<BindingName>): Promise<ToolResult>;
}

/** Gives `run` the types of its schema and its bindings. Throws for a name or a binding that no tool may have. */
export function defineTool<S extends TObject, const B extends BindingName = never>(
  tool: Omit<Tool, "input" | "run" | "bindings"> & {
    input: S;
    bindings?: readonly B[];
    run(input: Static<S>, context: ToolContext<B>): Promise<ToolResult>;
  },
): Tool {
  if (!toolName.test(tool.name) || tool.name.includes("__")) {
    throw new Error(`"${tool.name}" is no tool's name: see docs/tools.md.`);
  }
  const own = (tool.bindings ?? []).filter(isFleetOwn);
  if (own.length > 0) {
    throw new Error(`The tool ${tool.name} may not have ${own.join(", ")}: it is the fleet's own.`);
  }
  return tool as Tool;
}

export const done = (text: string, value?: unknown): ToolResult =>
  value === undefined ? { ok: true, text } : { ok: true, text, value };
/** A tool that comes from elsewhere: its schema is JSON Schema, and its name has its server's prefix. */
export function defineRemote(tool: {
  name: string;
  description: string;
  schema: Record<string, unknown>;
  effect: Effect;
  run(input: Record<string, unknown>): Promise<ToolResult>;
}): Tool {
  const { schema, ...rest } = tool;
  return { ...rest, input: schema as unknown as TObject } as Tool;
}

const toolName = /^[a-z][a-z0-9_]{0,62}$/;

export const refused = (text: string): ToolResult => ({ ok: false, text });
