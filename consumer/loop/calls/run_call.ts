/** Runs the calls of one reply: each becomes an answer that the model reads, never an exception. */
import type { FileEntry, StepCall, ToolPayload } from "../../../shared/step.ts";
import type { EgressRow } from "../../../shared/store/egress_log.ts";
import type { Usage } from "../../../shared/usage.ts";
import type { ManifestChange } from "../../toolbox/workspace.ts";
import type { BindingName } from "../../tools/bindings.ts";
import type { Tool, ToolContext, ToolResult } from "../../tools/define.ts";
import { capped, handleTo } from "../conversation/tool_text.ts";
import type { StepDraft } from "../journal/journal_writer.ts";

/** What a tool call needs from its slice. */
export interface ToolHost {
  tools: ReadonlyMap<string, Tool>;
  /** A context of its own for each step. `begun`: its intent stands in the journal already. */
  contextFor(call: StepCall, seq: number, begun: boolean): ToolContext<BindingName>;
  /** Runs work that is stopped, with all that it started, when `ms` have passed. */
  within<T>(ms: number, work: () => Promise<T>): Promise<T>;
  /** What the engine broke of the last work, in words for people; null when it is sound. */
  fault(): string | null;
  /** What the workspace changed since the last time; puts it into R2. */
  checkpoint(): Promise<ManifestChange | undefined>;
  /** The gateway's decisions since the last time. */
  drainEgress(): EgressRow[];
  /** Keeps a whole output that is too long to be shown, for whoever reads on. */
  keepOutput(text: string): Promise<FileEntry>;
  /** What inner calls and requests used since the last time. */
  drainSpent(): Partial<Usage> & { tool_calls: number };
  /** The task's egress limits, once they have refused a request of this slice; else null. */
  egressRefused(): NonNullable<ToolPayload["egress_refused"]> | null;
}

/** How a call is run and shown. */
export interface CallOptions {
  /** How much of an output the model is shown. */
  charsMax: number;
  /** Whether it can read the rest. */
  readable: boolean;
  /** Whether its intent stands in the journal already, because it is started again. */
  begun: boolean;
}

/** Runs one call and drafts its step. The caller has checked the arguments and the budgets. */
export async function runCall(
  hands: ToolHost,
  call: StepCall,
  seq: number,
  { charsMax, readable, begun }: CallOptions,
): Promise<StepDraft> {
  const startedAt = Date.now();
  const result = await answered(hands, call, seq, begun);
  const files = await hands.checkpoint();
  // What read_file shows stands in a file already.
  const isRead = call.name === "read_file";
  const long = result.text.length > charsMax;
  const handle = isRead ? "read less at once: give a limit" : handleTo(seq, readable);
  const payload: ToolPayload = {
    kind: "tool",
    call_id: call.id,
    name: call.name,
    arguments: call.arguments,
    text: capped(result.text, charsMax, handle),
    ok: result.ok,
  };
  if (long && readable && !isRead) payload.output = await hands.keepOutput(result.text);
  if (files !== undefined) payload.files = files;
  const inner = hands.drainSpent();
  const refused = hands.egressRefused();
  if (refused !== null) payload.egress_refused = refused;
  return {
    seq,
    name: call.name,
    status: result.ok ? "done" : "failed",
    startedAt,
    payload,
    spent: { ...inner, steps: 1, tool_calls: inner.tool_calls + 1 },
  };
}

async function answered(
  hands: ToolHost,
  call: StepCall,
  seq: number,
  begun: boolean,
): Promise<ToolResult> {
  const tool = hands.tools.get(call.name);
  if (tool === undefined) return { ok: false, text: `There is no tool "${call.name}".` };
  try {
    return await tool.run((call.arguments ?? {}) as never, hands.contextFor(call, seq, begun));
  } catch (error) {
    if (error instanceof Error && error.name === "StoreFault") throw error;
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, text: `${call.name} failed: ${message}` };
  }
}

/** Says that a step with effects begins: while it has no outcome, nobody starts it again. */
export function intentStep(call: StepCall, seq: number): StepDraft {
  return {
    seq,
    name: call.name,
    status: "intent",
    startedAt: Date.now(),
    payload: {
      kind: "tool",
      call_id: call.id,
      name: call.name,
      arguments: call.arguments,
      text: "",
      ok: false,
    },
    spent: {},
  };
}

/** The step of a call that is answered without running. */
export function refusedStep(
  call: StepCall,
  seq: number,
  text: string,
  spent: StepDraft["spent"],
  more: Pick<ToolPayload, "blocked"> = {},
): StepDraft {
  return {
    seq,
    name: call.name || "(no name)",
    status: "refused",
    startedAt: Date.now(),
    payload: {
      kind: "tool",
      call_id: call.id,
      name: call.name,
      arguments: call.arguments,
      text,
      ok: false,
      ...more,
    },
    spent,
  };
}
