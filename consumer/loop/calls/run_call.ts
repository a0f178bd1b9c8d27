/** Runs one tool call. Its outcome is a result that the model reads, never an exception. */

import type { ManifestChange } from "../../../shared/files/stored_files.ts";
import { StoreFault } from "../../../shared/platform/retries.ts";
import type { Usage } from "../../../shared/spend/usage.ts";
import type { EgressRow } from "../../../shared/store/egress/egress_log.ts";
import type { FileEntry, StepCall, ToolPayload } from "../../../shared/task/step.ts";
import type { BindingName } from "../../tools/bindings.ts";
import { type Tool, type ToolContext, type ToolResult, toolError } from "../../tools/define.ts";
import { cutMiddle, restHint } from "../conversation/tool_text.ts";
import type { StepDraft } from "../journal/journal_writer.ts";

/** What a slice provides for tool calls. */
export interface ToolHost {
  tools: ReadonlyMap<string, Tool>;
  /** A separate context for each step. `hasIntent`: its intent is already journaled. */
  contextFor(call: StepCall, seq: number, options: StartOptions): ToolContext<BindingName>;
  /** Runs work that is stopped, with everything that it started, after `ms`. */
  runWithin<T>(ms: number, work: () => Promise<T>): Promise<T>;
  /** How the sandbox engine itself failed during the last work, for people; null when it did not. */
  sandboxFault(): string | null;
  /** What changed in the workspace since the last checkpoint; stores it in R2. */
  checkpoint(): Promise<ManifestChange | undefined>;
  /** The gateway's decisions since the last call. */
  drainEgress(): EgressRow[];
  /** Stores an output that is too long to be shown, so that it can be read in parts. */
  storeOutput(text: string): Promise<FileEntry>;
  /** What inner calls and requests used since the last call. */
  drainUsage(): Partial<Usage> & { tool_calls: number };
  /** The task's egress limits, once they have refused a request of this slice; else null. */
  egressRefusal(): NonNullable<ToolPayload["egress_refused"]> | null;
}

export type StartOptions = Pick<CallOptions, "hasIntent" | "isApproved">;

export interface CallOptions {
  /** How much of an output the model is shown. */
  charsMax: number;
  /** Whether the model can read the rest. */
  canReadFiles: boolean;
  /** Whether the call's intent is already journaled, because it is started again. */
  hasIntent: boolean;
  /** Whether a person approved the call. */
  isApproved: boolean;
}

/** Runs one call and drafts its step. The caller has checked the arguments and the budgets. */
export async function runCall(
  toolHost: ToolHost,
  call: StepCall,
  seq: number,
  options: CallOptions,
): Promise<StepDraft> {
  const { charsMax, canReadFiles } = options;
  const startedAt = Date.now();
  const result = await runTool(toolHost, call, seq, options);
  const files = await toolHost.checkpoint();
  // The output of read_file is in a file already.
  const isRead = call.name === "read_file";
  const hint = isRead ? "read less at once: give a limit" : restHint(seq, canReadFiles);
  const payload: ToolPayload = {
    ...payloadHead(call),
    text: cutMiddle(result.text, charsMax, hint),
    ok: result.ok,
  };
  if (result.text.length > charsMax && canReadFiles && !isRead) {
    payload.output = await toolHost.storeOutput(result.text);
  }
  if (files !== undefined) payload.files = files;
  const inner = toolHost.drainUsage();
  const egressRefusal = toolHost.egressRefusal();
  if (egressRefusal !== null) payload.egress_refused = egressRefusal;
  return {
    seq,
    name: call.name,
    status: result.ok ? "done" : "failed",
    startedAt,
    payload,
    spent: { ...inner, steps: 1, tool_calls: inner.tool_calls + 1 },
  };
}

async function runTool(
  toolHost: ToolHost,
  call: StepCall,
  seq: number,
  options: StartOptions,
): Promise<ToolResult> {
  const tool = toolHost.tools.get(call.name);
  if (tool === undefined) return toolError(`There is no tool "${call.name}".`);
  try {
    return await tool.run((call.arguments ?? {}) as never, toolHost.contextFor(call, seq, options));
  } catch (error) {
    if (error instanceof StoreFault) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return toolError(`${call.name} failed: ${message}`);
  }
}

/** The step that is journaled before a call with effects starts, so that no one starts it twice. */
export const intentStep = (call: StepCall, seq: number): StepDraft => ({
  seq,
  name: call.name,
  status: "intent",
  startedAt: Date.now(),
  payload: { ...payloadHead(call), text: "", ok: false },
  spent: {},
});

/** The step of a call that gets a result without running. */
export const rejectedStep = (
  call: StepCall,
  seq: number,
  text: string,
  spent: StepDraft["spent"],
  fields: Pick<ToolPayload, "blocked"> = {},
): StepDraft => ({
  seq,
  name: call.name || "(no name)",
  status: "refused",
  startedAt: Date.now(),
  payload: { ...payloadHead(call), text, ok: false, ...fields },
  spent,
});

const payloadHead = (call: StepCall) => ({
  kind: "tool" as const,
  call_id: call.id,
  name: call.name,
  arguments: call.arguments,
});
