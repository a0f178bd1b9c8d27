/**
 * Replays a finished task from its journal: today's normaliser, validation, budgets, finalisation, loop
 * detection and policy decide on the same replies, and what each decides is compared with the journal. Pure:
 * it calls no model, sandbox, upstream or fleet, and takes the outputs of tools from the journal.
 */

import type { Difference, Recording, ReplayReport } from "../../shared/files/recording.ts";
import { costOf, type ProfileOf } from "../../shared/models/profiles.ts";
import { boundsOf } from "../../shared/spend/budgets.ts";
import { noUsage, readUsage, type Usage } from "../../shared/spend/usage.ts";
import type { ModelPayload, Step } from "../../shared/task/step.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import { stepsOfThread, threadOf } from "../../shared/task/thread.ts";
import type { ThreadMark } from "../../shared/task/thread_mark.ts";
import { answerForm } from "../loop/answer/answer_form.ts";
import { findWaitingAnswer } from "../loop/answer/find_answer.ts";
import { openingMessages } from "../loop/conversation/prompt.ts";
import { type LoopTask, nothingReserved } from "../loop/loop_slice.ts";
import { type ModelClient, traitsOf } from "../loop/model_client.ts";
import { judgeTask } from "../quality/checks/judge.ts";
import { nextMove } from "../quality/next_move.ts";
import { hasQuality, qualityPlan, reserveFor } from "../quality/plan.ts";
import { escalationMessages, modelOfThread } from "../slice/threads.ts";
import { catalog, finalAnswerOffer, offersOf } from "../tools/catalog.ts";
import {
  type Change,
  compareAnswer,
  comparePlan,
  compareReply,
  compareTool,
  type ReplayPoint,
} from "./compare.ts";
import { compareDecision, compilePolicy } from "./egress.ts";

export interface ReplayOptions {
  profileOf: ProfileOf;
  /** Replaces the task's own model: its prices, window and abilities, not its replies. */
  model?: string;
  /** The text of a policy, which replaces the task's own. */
  policy?: string;
}

export function replay(recording: Recording, options: ReplayOptions): ReplayReport {
  const { task, decisions } = recording;
  const loopTask = loopTaskOf(recording);
  const steps = recording.steps.map((step) => withModel(step, task.model, options.model));
  const policy = compilePolicy(options.policy ?? recording.policy.text);
  const report: ReplayReport = {
    model_calls: 0,
    tool_calls: 0,
    decisions: decisions.length,
    taken_as_journaled: 0,
    differences: [],
  };
  let cost = 0;
  for (const [index, step] of steps.entries()) {
    // A run before the resume decided without that resume.
    const isResumed = step.fence > recording.resumed_from;
    const thread = threadOf(step);
    const threadTask = taskOfThread(loopTask, recording.spec, thread, steps);
    const point: ReplayPoint = {
      task: { ...threadTask, resumedFrom: isResumed ? recording.resumed_from : 0 },
      before: stepsOfThread(steps.slice(0, index), thread),
      used: usageAfter(steps[index - 1], cost),
    };
    const add = (kind: Difference["what"], changes: readonly Change[]) =>
      report.differences.push(
        ...changes.map((change) => ({ seq: step.seq, name: step.name, what: kind, ...change })),
      );
    const { payload } = step;
    if (payload.kind === "tool" && payload.quality !== undefined) {
      // A verdict is taken as it is: programs and tools run again only in the fleet.
      report.taken_as_journaled += 1;
    } else if (payload.kind === "tool") {
      report.tool_calls += 1;
      add("tool", compareTool(point, step.status, payload));
    } else {
      report.model_calls += 1;
      const ownModel = modelOfThread(recording.spec, thread) ?? options.model ?? task.model;
      const isFallback = payload.model !== ownModel;
      const model = replayedModel(payload.model, isFallback, options, recording.spec);
      add("call", comparePlan(point, model, payload));
      const reply = compareReply(point, model, payload);
      if (reply === null) report.taken_as_journaled += 1;
      add("reply", reply ?? []);
      const price = priceOf(payload, options);
      cost += price;
      add("cost", comparePrice(payload.usage.cost_usd, price));
    }
    const stepDecisions = decisions.filter((decision) => decision.step === step.seq);
    add(
      "egress",
      stepDecisions.flatMap((decision) => compareDecision(policy, decision) ?? []),
    );
  }
  const last = steps.at(-1);
  const answer = hasQuality(qualityPlan(recording.spec))
    ? compareMoves(recording, steps)
    : compareAnswer(recording, loopTask);
  if (answer !== null && last !== undefined)
    report.differences.push({ seq: last.seq, name: last.name, what: "answer", ...answer });
  return report;
}

/** What today's plan makes of the verdicts, votes and escalations in the journal. */
function compareMoves({ task, spec }: Recording, steps: readonly Step[]): Change | null {
  if (task.status !== "succeeded" || task.output === null) return null;
  const move = nextMove(qualityPlan(spec), { steps, resumedFrom: 0 });
  const output = move.kind === "end" && move.end.kind === "answered" ? move.end.output : null;
  const [was, now] = [JSON.stringify(task.output), JSON.stringify(output)];
  return was === now ? null : { was, now };
}

/** A judge's token has the same length each time, and no decision depends on its value. */
const anyToken = "0".repeat(12);

function taskOfThread(
  task: LoopTask,
  spec: DurableTask,
  thread: ThreadMark,
  steps: readonly Step[],
): LoopTask {
  const plan = qualityPlan(spec);
  const { check, ...worker } = thread;
  const checked = check === undefined ? undefined : plan.checks[check.n - 1];
  if (check !== undefined && checked !== undefined && "judge" in checked) {
    const own = stepsOfThread(steps, worker).filter(({ seq }) => seq <= check.answer);
    const output = findWaitingAnswer(plan.form, own)?.output ?? null;
    return judgeTask(checked.judge, { spec, output, steps: own }, anyToken, task);
  }
  return {
    ...task,
    opening: [...task.opening, ...escalationMessages(spec, thread, steps)],
    offers:
      thread.sample === undefined
        ? task.offers
        : task.offers.filter(({ effect }) => effect !== "effect"),
    reserved: reserveFor(plan),
  };
}

/** The task as the loop had it, with today's tools. */
function loopTaskOf({ task, spec, tools }: Recording): LoopTask {
  const offeredTools = catalog.filter(
    ({ name, sandboxes }) =>
      spec.tools?.includes(name) ??
      ((tools === null || tools.includes(name)) &&
        sandboxes?.includes(spec.sandbox ?? "isolate") !== false),
  );
  const form = answerForm(spec);
  const finalOffer = finalAnswerOffer(form.schema);
  return {
    id: task.id,
    opening: openingMessages(spec, Object.keys(spec.files ?? {}).sort()),
    bounds: boundsOf(spec.limits),
    reserved: nothingReserved,
    form,
    offers: [...offersOf(offeredTools), finalOffer],
    finalOffer,
    canReadFiles: offeredTools.some(({ name }) => name === "read_file"),
    resumedFrom: 0,
    onUncertain: spec.on_uncertain ?? "fail",
    // The journal does not hold lost claims; a replay assumes that there were none.
    lostClaims: 0,
    // The run that fetched the MCP tools and skills pinned them; the journal does not hold them.
    toolPin: undefined,
  };
}

/** The step under the replacement model's name, if the task's own model made it. */
function withModel(step: Step, ownModel: string, model: string | undefined): Step {
  const { payload } = step;
  if (model === undefined || payload.kind !== "model" || payload.model !== ownModel) return step;
  return { ...step, name: model, payload: { ...payload, model } };
}

/** Another model's price for the same tokens; without another model the journaled dollars. */
function priceOf({ model, usage }: ModelPayload, options: ReplayOptions): number {
  if (options.model !== model) return usage.cost_usd;
  return costOf(options.profileOf(model), { ...usage, neurons: null, estimated: false });
}

const comparePrice = (before: number, now: number): Change[] =>
  before.toFixed(6) === now.toFixed(6) ? [] : [{ was: `$${before}`, now: `$${now.toFixed(6)}` }];

function usageAfter(step: Step | undefined, cost: number): Usage {
  const used = step === undefined ? noUsage : readUsage(JSON.stringify(step.usage));
  return { ...used, cost_usd: cost };
}

function replayedModel(
  id: string,
  isFallback: boolean,
  { profileOf }: ReplayOptions,
  { sampling }: DurableTask,
): ModelClient {
  const never = () => Promise.reject(new Error("a replay calls no model"));
  const traits = traitsOf(profileOf(id), sampling);
  return { id, isFallback, ...traits, complete: never, isPriced: () => true, waitForPermit: never };
}
