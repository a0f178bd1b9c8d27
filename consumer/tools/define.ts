/**
 * `defineTool`: what a model may call. A tool gets capabilities, never the environment. Its failures are
 * results that the model reads.
 */
import type { Static, TObject, TSchema } from "@sinclair/typebox";
import type { Result } from "../../shared/result.ts";
import type { ConsumerEnv } from "../config/env.ts";
import type { Transport } from "../egress/forward.ts";
import type { BashOutcome } from "../sandbox/bash/worker.ts";
import type { Engine, GuestRequest, GuestResponse, RunOutcome } from "../sandbox/engine.ts";
import type { Workspace } from "../toolbox/workspace.ts";
import { type BindingName, isReservedBinding, type ToolBindings } from "./bindings.ts";

/**
 * `read` changes nothing and may run in parallel; `idempotent` may be repeated with the same key; `effect`
 * starts at most once per step: its intent is journaled first.
 */
export type Effect = "read" | "idempotent" | "effect";

/** Everything that a tool is given. `B` are the bindings that it declared. */
export interface ToolContext<B extends BindingName = never> {
  taskId: string;
  /** The step's sequence number within the task. */
  stepId: number;
  /** The same for every repetition of this step, and for no other step. */
  idempotencyKey: string;
  signal: AbortSignal;
  /** Through the egress gateway; a denial is a 403 response. Never rejects. */
  fetch(request: GuestRequest): Promise<GuestResponse>;
  /**
   * The same for a tool that reaches the URL in another way, such as a browser. The gateway decides on the
   * request, counts, logs and scrubs it, and calls `send` in place of the network, with the decided URL and
   * with regular expressions of the URLs that the policy permits at its origin, for what follows links.
   * Rules that inject a credential are rejected, because `send` might carry it elsewhere.
   */
  fetchBy(url: string, send: Transport): Promise<GuestResponse>;
  files: Workspace;
  /** Runs a program in the task's sandbox. */
  runCode(code: string): Promise<RunOutcome>;
  /** Runs a command in the shell of the task's sandbox; throws where it has none. */
  runShell(command: string): Promise<RunOutcome>;
  /**
   * Runs a program of the tool itself in the metered interpreter, with any engine of the task: over the
   * given files and without network. For work that the model's input can make endless, such as a pattern.
   */
  runMetered(code: string, files: ReadonlyMap<string, Uint8Array>): Promise<RunOutcome>;
  /** Runs a bash script over the workspace; the tool applies its changes. */
  runBash(script: string): Promise<BashOutcome>;
  /** The declared bindings and variables, and no other. */
  bindings: Readonly<Pick<ToolBindings, B>>;
  /** The account's services that the task's policy routes to: binding name to origin. */
  services: ReadonlyMap<string, string>;
  /**
   * Reserves dollars of the task's budget before they are spent. The error is a sentence for the model:
   * then nothing may be spent.
   */
  spend(dollars: number): Result<void, string>;
}

/**
 * The result of a tool: text for the model, and whether the tool did its work. A program that calls the tool
 * gets `value`, which must be JSON, if there is one; else the text.
 */
export interface ToolResult {
  ok: boolean;
  text: string;
  value?: unknown;
}

export interface Tool {
  /** Lower-case letters, digits and single underscores; two separate an MCP server's name from its tool's. */
  name: string;
  description: string;
  input: TObject;
  /** What a program that calls the tool gets; text when left out. Shown to the model as a type. */
  output?: TSchema;
  effect: Effect;
  /** Bindings and variables that `run` gets; while one is not set, the tool is hidden. */
  bindings?: readonly BindingName[];
  /** Values for variables that are not set. */
  defaults?: Partial<ToolBindings>;
  /** The sandboxes in which the tool works; all when left out. In others it is hidden. */
  sandboxes?: readonly Engine["name"][];
  /** True where a person must approve every call, whatever the task says. */
  approve?: boolean;
  /** Whether the tool is configured. The error says what to set; the tool is hidden until then. */
  requires?: (env: ConsumerEnv) => Result<void, string>;
  /** Contract: `input` fits the schema. May throw; the model gets the message. */
  run(input: never, context: ToolContext<BindingName>): Promise<ToolResult>;
}

const toolName = /^[a-z][a-z0-9_]{0,62}$/;

/** Gives `run` the types of its schema and its bindings. Throws for an invalid name or a reserved binding. */
export function defineTool<S extends TObject, const B extends BindingName = never>(
  tool: Omit<Tool, "input" | "run" | "bindings"> & {
    input: S;
    bindings?: readonly B[];
    run(input: Static<S>, context: ToolContext<B>): Promise<ToolResult>;
  },
): Tool {
  if (!toolName.test(tool.name) || tool.name.includes("__")) {
    throw new Error(`"${tool.name}" is not a tool name: see docs/tools.md.`);
  }
  const names = (tool.bindings ?? []).filter(isReservedBinding);
  if (names.length > 0) {
    throw new Error(
      `The tool ${tool.name} may not use ${names.join(", ")}: the fleet reserves it.`,
    );
  }
  return tool as Tool;
}

/** A tool from elsewhere: its schema is JSON Schema, and its name starts with its server's. */
export function defineRemoteTool(tool: {
  name: string;
  description: string;
  schema: Record<string, unknown>;
  effect: Effect;
  run(input: Record<string, unknown>): Promise<ToolResult>;
}): Tool {
  const { schema, ...rest } = tool;
  return { ...rest, input: schema as unknown as TObject } as Tool;
}

export const toolResult = (text: string, value?: unknown): ToolResult =>
  value === undefined ? { ok: true, text } : { ok: true, text, value };

export const toolError = (text: string): ToolResult => ({ ok: false, text });
