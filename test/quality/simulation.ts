/** The real plan, loop and journal over a simulated model and a simulated check with known error rates. */

import { noApprovals } from "../../consumer/approvals/desk.ts";
import { JournalWriter } from "../../consumer/loop/journal/journal_writer.ts";
import { runLoop } from "../../consumer/loop/loop.ts";
import { recordVerdict } from "../../consumer/quality/checks/verdict.ts";
import { qualityPlan } from "../../consumer/quality/plan.ts";
import { type QualityHost, runQuality } from "../../consumer/quality/run.ts";
import { journalOfThread } from "../../consumer/quality/thread_journal.ts";
import type { Reply, Transport } from "../../shared/models/model.ts";
import { noUsage } from "../../shared/spend/usage.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import type { Random } from "../chaos/random.ts";
import { loopTask, MemoryStores, modelOver, toolHostWith } from "../loop/memory.ts";

/** Label 0 is right; the others are the wrong ones, which are equally likely. */
export const wrongLabels = 4;

export interface ErrorRates {
  /** How often an answer of the model is wrong. */
  error: number;
  /** How often an answer repeats the task's own draw, so that its errors come together. */
  correlation: number;
  /** The same for the model that the task escalates to. */
  escalatedError: number;
  /** How often the check passes a wrong answer, and rejects a right one. */
  missed: number;
  rejected: number;
}

export interface Method {
  corrections: number;
  checks: boolean;
  samples: { count: number; need: number } | null;
  escalates: boolean;
}

export interface Tally {
  tasks: number;
  accepted: number;
  right: number;
  calls: number;
  escalatedCalls: number;
}

const schema = {
  type: "object",
  properties: { label: { type: "integer" } },
  required: ["label"],
} as const;

export async function simulate(
  method: Method,
  rates: ErrorRates,
  tasks: number,
  random: Random,
): Promise<Tally> {
  const tally: Tally = { tasks, accepted: 0, right: 0, calls: 0, escalatedCalls: 0 };
  for (let n = 0; n < tasks; n++) {
    const label = await runOne(method, rates, random, tally);
    if (label === null) continue;
    tally.accepted += 1;
    if (label === 0) tally.right += 1;
  }
  return tally;
}

function specOf({ corrections, checks, samples, escalates }: Method): DurableTask {
  return {
    output_schema: schema,
    limits: { corrections, steps: 500, model_calls: 500 },
    ...(checks ? { checks: [{ code: "simulated" }] } : {}),
    ...(samples === null ? {} : { samples: { ...samples, agree_on: ["/label"] } }),
    ...(escalates ? { escalate: [{ model: "dearer" }] } : {}),
  };
}

/** The label of the accepted answer; null where the task failed. */
async function runOne(
  method: Method,
  rates: ErrorRates,
  random: Random,
  tally: Tally,
): Promise<number | null> {
  const spec = specOf(method);
  const plan = qualityPlan(spec);
  const stores = new MemoryStores();
  const start = { tenant: "t", steps: [], used: noUsage, mayHaveRows: false, hasCeiling: false };
  const journal = new JournalWriter(stores, { id: "task_1", fence: 1 }, start);
  const signal = new AbortController().signal;
  const slice = { journal, signal, sliceMs: Number.POSITIVE_INFINITY };
  const draw = (error: number): number =>
    random.chance(error) ? 1 + Math.floor(random.next() * wrongLabels) : 0;
  const shared = draw(rates.error);
  const answers: Transport = {
    complete: async ({ model, messages }) => {
      const isDearer = model === "dearer";
      tally[isDearer ? "escalatedCalls" : "calls"] += 1;
      const repeats = !isDearer && random.chance(rates.correlation);
      const label = repeats ? shared : draw(isDearer ? rates.escalatedError : rates.error);
      return { ok: true, reply: replyWith(label, `call${messages.length}`) };
    },
  };
  const host: QualityHost = {
    work: (thread) => {
      const model = modelOver(answers, thread.tier === undefined ? "cheap" : "dearer");
      const task = loopTask([], [], { steps: 500, model_calls: 500 }, schema);
      const own = journalOfThread(journal, thread);
      return runLoop(task, [model], {
        ...slice,
        journal: own,
        toolHost: toolHostWith([]),
        approvals: noApprovals,
      });
    },
    check: (thread, { answer, check }) => {
      const { label } = answer.output as { label: number };
      const passes = !random.chance(label === 0 ? rates.rejected : 1 - rates.missed);
      const verdict = passes
        ? ({ verdict: "passed", words: "passed" } as const)
        : ({ verdict: "failed", words: "rejected" } as const);
      const about = { worker: thread, check, name: "check" };
      const startedAt = Date.now();
      return recordVerdict(journalOfThread(journal, { ...thread, check }), about, verdict, {
        startedAt,
      });
    },
  };
  const { end } = await runQuality(plan, slice, host);
  return end.kind === "answered" ? (end.output as { label: number }).label : null;
}

function replyWith(label: number, id: string): Reply {
  const call = { id, providerId: null, name: "final_answer", problem: null };
  const usage = { prompt_tokens: 10, cached_tokens: 0, completion_tokens: 1 };
  return {
    text: "",
    reasoning: "",
    calls: [{ ...call, argumentsText: JSON.stringify({ label }), arguments: { label } }],
    finish: "calls",
    usage: { ...usage, neurons: null, estimated: false },
    quirks: [],
  };
}
