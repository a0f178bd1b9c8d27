/** Runs the calls of one reply: each becomes an answer that the model reads, never an exception. */
import { modelLimits } from "../../shared/limits.ts";
import type { StepCall, ToolPayload } from "../../shared/step.ts";
import type { EgressRow } from "../../shared/store/egress_log.ts";
import type { Usage } from "../../shared/usage.ts";
import type { BindingName } from "../tools/bindings.ts";
import type { Tool, ToolContext, ToolResult } from "../tools/define.ts";
import type { ManifestChange } from "../workspace.ts";
import type { Draft } from "./scribe.ts";

/** What a tool call needs from its slice. */
export interface Hands {
  tools: ReadonlyMap<string, Tool>;
  /** A context of its own for each step. */
  contextFor(call: StepCall, seq: number): ToolContext<BindingName>;
  /** Runs work that is stopped, with all that it started, when `ms` have passed. */
  within<T>(ms: number, work: () => Promise<T>): Promise<T>;
  /** What the engine broke of the last work, in words for people; null when it is sound. */
  fault(): string | null;
  /** What the workspace changed since the last time; puts it into R2. */
  checkpoint(): Promise<ManifestChange | undefined>;
  /** The gateway's decisions since the last time. */
  drainEgress(): EgressRow[];
  /** What inner calls and requests used since the last time. */
  drainSpent(): Partial<Usage> & { tool_calls: number };
  /** The task's egress limits, once they have refused a request of this slice; else null. */
  egressRefused(): NonNullable<ToolPayload["egress_refused"]> | null;
}

/** Runs one call and drafts its step. The caller has checked the arguments and the budgets. */
export async function runCall(hands: Hands, call: StepCall, seq: number): Promise<Draft> {
  const startedAt = Date.now();
  const result = await answered(hands, call, seq);
  const files = await hands.checkpoint();
  const payload: ToolPayload = {
    kind: "tool",
    call_id: call.id,
    name: call.name,
    arguments: call.arguments,
    text: capped(result.text, modelLimits.toolOutputCharsMax),
    ok: result.ok,
  };
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

async function answered(hands: Hands, call: StepCall, seq: number): Promise<ToolResult> {
  const tool = hands.tools.get(call.name);
  if (tool === undefined) return { ok: false, text: `There is no tool "${call.name}".` };
  try {
    return await tool.run((call.arguments ?? {}) as never, hands.contextFor(call, seq));
  } catch (error) {
    if (error instanceof Error && error.name === "StoreFault") throw error;
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, text: `${call.name} failed: ${message}` };
  }
}

/** Says that a step with effects begins: while it has no outcome, nobody starts it again. */
export function intent(call: StepCall, seq: number): Draft {
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
export function refusal(call: StepCall, seq: number, text: string, spent: Draft["spent"]): Draft {
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
    },
    spent,
  };
}

/** Head and tail, cut between characters: the beginning says what it is, the end how it went. */
export function capped(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text.toWellFormed();
  const head = Math.floor(charsMax * 0.7);
  const tail = text.length - (charsMax - head);
  const left = text.length - charsMax;
  return [
    text.slice(0, splitsPair(text, head) ? head - 1 : head),
    `\n[${left} characters left out: write long results to a file and read it in parts]\n`,
    text.slice(splitsPair(text, tail) ? tail + 1 : tail),
  ]
    .join("")
    .toWellFormed();
}

/** True when a cut here falls between the two halves of one character. */
function splitsPair(text: string, at: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1));
}
