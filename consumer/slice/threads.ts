/** What the threads of one task differ in: model, sampling, opening, tools and policy. Pure. */
import type { Policy } from "../../policies/schema.ts";
import { qualityLimits } from "../../shared/limits.ts";
import type { Message } from "../../shared/models/model.ts";
import type { Step } from "../../shared/task/step.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import { threadOf } from "../../shared/task/thread.ts";
import type { ThreadMark } from "../../shared/task/thread_mark.ts";
import { findDraft } from "../loop/answer/draft.ts";
import { eventsIn } from "../quality/attempt.ts";
import { sharedFailureText } from "../quality/ends.ts";
import { nextMove } from "../quality/next_move.ts";
import { hasQuality, qualityPlan } from "../quality/plan.ts";
import type { Tool } from "../tools/define.ts";

/** The model of a thread; null where it is the task's own. */
export function modelOfThread(
  { checks = [], escalate = [] }: Pick<DurableTask, "checks" | "escalate">,
  { tier, check }: ThreadMark,
): string | null {
  if (check !== undefined) {
    const checked = checks[check.n - 1];
    return checked !== undefined && "judge" in checked ? checked.judge.model : null;
  }
  return tier === undefined ? null : (escalate[tier - 1]?.model ?? null);
}

/** The model of the next call, where it is not the task's own; null where it is, or where none follows. */
export function nextModelOf(
  spec: DurableTask,
  journal: { steps: readonly Step[]; resumedFrom: number },
): string | null {
  const plan = qualityPlan(spec);
  if (!hasQuality(plan)) return null;
  const move = nextMove(plan, journal);
  if (move.kind === "work") return modelOfThread(spec, move.thread);
  if (move.kind !== "check") return null;
  return modelOfThread(spec, { ...move.thread, check: move.attempt.check });
}

/** Samples differ in seed and temperature; a task's own temperature is kept. A judge has none of the task's. */
export function specOfThread(spec: DurableTask, taskId: string, thread: ThreadMark): DurableTask {
  const { sample, check, tier } = thread;
  if (check !== undefined) {
    const { sampling: _, ...rest } = spec;
    return { ...rest, fallback_models: [] };
  }
  if (sample === undefined) return tier === undefined ? spec : { ...spec, fallback_models: [] };
  const { sampling = {} } = spec;
  const temperatures = qualityLimits.sampleTemperatures;
  return {
    ...spec,
    sampling: {
      temperature: temperatures[(sample - 1) % temperatures.length] ?? temperatures[0],
      ...sampling,
      seed: (sampling.seed ?? seedOf(taskId)) + sample - 1,
    },
  };
}

/** FNV-1a: the same seed for the same task. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash;
}

/** What an escalation adds to the opening, if the task shares the failure before it. */
export function escalationMessages(
  { escalate = [] }: Pick<DurableTask, "escalate">,
  { tier }: ThreadMark,
  steps: readonly Step[],
): Message[] {
  if (tier === undefined || escalate[tier - 1]?.share_failure !== true) return [];
  const at = steps.findIndex(
    (step) =>
      threadOf(step).tier === tier && eventsIn([step]).some(({ kind }) => kind === "escalation"),
  );
  const payload = steps[at]?.payload;
  if (payload?.kind !== "tool") return [];
  const { draft } = findDraft(steps.slice(0, at));
  return [{ role: "user", content: sharedFailureText(payload.text, draft).toWellFormed() }];
}

/** A sample is one of several runs, so it has no tools with effects. */
export const toolsOfThread = (tools: readonly Tool[], { sample }: ThreadMark): readonly Tool[] =>
  sample === undefined ? tools : tools.filter(({ effect }) => effect !== "effect");

/** Samples and checks only read: their requests are GET and HEAD. */
export function policyOfThread(policy: Policy, { sample, check }: ThreadMark): Policy {
  if (sample === undefined && check === undefined) return policy;
  const reads = ["GET", "HEAD"] as const;
  return {
    ...policy,
    rules: policy.rules.map((rule) => ({
      ...rule,
      methods: reads.filter((method) => rule.methods?.includes(method) ?? true),
    })),
  };
}
