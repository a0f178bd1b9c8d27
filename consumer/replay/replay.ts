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
import { answerForm } from "../loop/answer/answer_form.ts";
import { openingMessages } from "../loop/conversation/prompt.ts";
import { type LoopTask, nothingReserved } from "../loop/loop_slice.ts";
import { type ModelClient, traitsOf } from "../loop/model_client.ts";
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
  /** The text of another policy. */
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
    const point: ReplayPoint = {
      task: { ...loopTask, resumedFrom: isResumed ? recording.resumed_from : 0 },
      before: steps.slice(0, index),
      used: usageAfter(steps[index - 1], cost),
    };
    const add = (kind: Difference["what"], changes: readonly Change[]) =>
      report.differences.push(
        ...changes.map((change) => ({ seq: step.seq, name: step.name, what: kind, ...change })),
      );
    const { payload } = step;
    if (payload.kind === "tool") {
      report.tool_calls += 1;
      add("tool", compareTool(point, step.status, payload));
    } else {
      report.model_calls += 1;
      const isFallback = payload.model !== (options.model ?? task.model);
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
  const answer = compareAnswer(recording, loopTask);
  if (answer !== null && last !== undefined)
    report.differences.push({ seq: last.seq, name: last.name, what: "answer", ...answer });
  return report;
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
