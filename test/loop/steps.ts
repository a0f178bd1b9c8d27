/** Builders of journaled steps. */

import { noUsage } from "../../shared/spend/usage.ts";
import type { ModelPayload, Step, StepCall } from "../../shared/task/step.ts";

type Reply = NonNullable<ModelPayload["reply"]>;

export const callOf = (id: string, overrides: Partial<StepCall> = {}): StepCall => ({
  id,
  provider_id: null,
  name: "read_file",
  arguments_text: "{}",
  arguments: {},
  problem: null,
  ...overrides,
});

export const replyOf = (overrides: Partial<Reply> = {}): Reply => ({
  text: "",
  reasoning: "",
  calls: [],
  finish: "stop",
  quirks: [],
  ...overrides,
});

const row = { fence: 1, name: "m", started_at: 0, duration_ms: 0, usage: noUsage };

export function modelStep(
  reply: Reply | null,
  offer: ModelPayload["offered"] = "tools",
  seq = 1,
  overrides: Partial<ModelPayload> = {},
): Step {
  const usage = { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, cost_usd: 0 };
  const failure = reply === null ? ({ code: "model_busy", message: "busy" } as const) : null;
  const because = offer === "tools" ? {} : { because: "budget_steps" as const };
  const head = { kind: "model" as const, model: "m", offered: offer, ...because };
  const payload: ModelPayload = { ...head, reply, failure, usage, ...overrides };
  return { ...row, seq, status: reply === null ? "failed" : "done", payload };
}

export function toolStep(
  call: StepCall,
  text: string,
  status: Step["status"] = "done",
  seq = 1,
): Step {
  const { id, name, arguments: args } = call;
  return {
    ...row,
    seq,
    name,
    status,
    payload: { kind: "tool", call_id: id, name, arguments: args, text, ok: status === "done" },
  };
}
