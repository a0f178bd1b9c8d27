/**
 * Replays a finished task from its journal: the same replies go through today's normaliser, validation,
 * budgets, ladder, loop detection and policy, and what each decides is compared with what was journaled.
 * Pure: no model, sandbox, upstream or fleet is touched, and the outputs of tools are the journaled ones.
 */

import { costOf, type ProfileOf } from "../../shared/models/profiles.ts";
import type { ModelPayload, Step, ToolPayload } from "../../shared/step.ts";
import type { DurableTask } from "../../shared/task.ts";
import { noUsage, readUsage, type Usage } from "../../shared/usage.ts";
import { answerForm, unwrap } from "../loop/answer/answer_form.ts";
import { offeredAt } from "../loop/answer/finalisation.ts";
import { boundsOf, toolCallsLeft } from "../loop/budget.ts";
import { foldConversation } from "../loop/conversation/conversation.ts";
import { openingMessages } from "../loop/conversation/prompt.ts";
import { isBlocked } from "../loop/conversation/repetition.ts";
import type { LoopTask, ModelClient } from "../loop/loop_end.ts";
import { planCall } from "../loop/plan.ts";
import { traitsOf } from "../loop/traits.ts";
import type { Reply } from "../models/model.ts";
import { readAgain } from "../models/raw_reply.ts";
import { catalog, finalAnswerName, finalAnswerOffer, offersOf } from "../tools/catalog.ts";
import { compiled, decidedAgain } from "./egress.ts";
import type { Recording } from "./recording.ts";

export interface Changes {
  profileOf: ProfileOf;
  /** Stands in for the task's own model: its prices, window and abilities, not its words. */
  model?: string;
  /** The text of another policy. */
  policy?: string;
}

export interface Difference {
  seq: number;
  name: string;
  what: "call" | "reply" | "tool" | "egress" | "cost" | "answer";
  was: string;
  now: string;
}

export interface Replayed {
  model_calls: number;
  tool_calls: number;
  decisions: number;
  /** Calls whose words the journal does not hold, such as one that never reached its endpoint. */
  taken_as_journaled: number;
  differences: Difference[];
}

/** Quirks that the loop adds to a reply, which the normaliser does not know. */
const ofTheLoop: readonly string[] = ["answer_in_text", "fallback_model"];

export function replay(recording: Recording, changes: Changes): Replayed {
  const { task, decisions } = recording;
  const whole = taskOf(recording);
  const steps = recording.steps.map((step) => asOf(step, task.model, changes));
  const policy = compiled(changes.policy ?? recording.policy.text);
  const done: Replayed = {
    model_calls: 0,
    tool_calls: 0,
    decisions: decisions.length,
    taken_as_journaled: 0,
    differences: [],
  };
  let cost = 0;
  for (const [n, step] of steps.entries()) {
    const before = steps.slice(0, n);
    // What a run before the resume decided, it decided without that resume.
    const since = step.fence > recording.resumed_from ? recording.resumed_from : 0;
    const loopTask = { ...whole, since };
    const used = usedAfter(steps[n - 1], cost);
    const differs = (what: Difference["what"], was: string, now: string) =>
      done.differences.push({ seq: step.seq, name: step.name, what, was, now });
    const { payload } = step;
    if (payload.kind === "tool") {
      done.tool_calls += 1;
      const now = toolDecision(loopTask, before, used, payload);
      const was = step.status === "refused" ? "refused" : "run";
      if (step.status !== "intent" && now !== null && now !== was) differs("tool", was, now);
    } else {
      done.model_calls += 1;
      const brain = brainOf(
        payload.model,
        payload.model !== (changes.model ?? task.model),
        changes,
        recording.spec,
      );
      for (const [was, now] of planDifferences(loopTask, brain, { before, used }, payload))
        differs("call", was, now);
      const read = readDifferences(loopTask, before, brain, payload);
      if (read === null) done.taken_as_journaled += 1;
      for (const [was, now] of read ?? []) differs("reply", was, now);
      const price = payload.usage.cost_usd;
      const now = repriced(payload, changes) ?? price;
      cost += now;
      if (now.toFixed(6) !== price.toFixed(6)) differs("cost", `$${price}`, `$${now.toFixed(6)}`);
    }
    for (const decision of decisions.filter((each) => each.step === step.seq)) {
      const changed = decidedAgain(policy, decision);
      if (changed !== null) differs("egress", changed.was, changed.now);
    }
  }
  const answer = answerDifference(recording, whole);
  const last = steps.at(-1);
  if (answer !== null && last !== undefined)
    done.differences.push({ seq: last.seq, name: last.name, what: "answer", ...answer });
  return done;
}

/** The task as the loop had it, with today's tools. */
function taskOf({ task, spec, tools }: Recording): LoopTask {
  const offered = catalog.filter(
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
    form,
    offers: [...offersOf(offered), finalOffer],
    finalOffer,
    readable: offered.some(({ name }) => name === "read_file"),
    since: 0,
    onUncertain: spec.on_uncertain ?? "fail",
    // What was lost is in no journal; a replay reckons as if nothing was.
    lostClaims: 0,
    // Tools of MCP servers and skills are pinned by the run that fetched them; the journal does not hold them.
    extras: undefined,
  };
}

/** A step under another model's name, where one stands in. */
function asOf(step: Step, own: string, { model }: Changes): Step {
  const { payload } = step;
  if (model === undefined || payload.kind !== "model" || payload.model !== own) return step;
  return { ...step, name: model, payload: { ...payload, model } };
}

/** What another model would have cost for the same tokens; null where the journaled dollars stand. */
function repriced({ model, usage }: ModelPayload, changes: Changes): number | null {
  if (changes.model !== model) return null;
  return costOf(changes.profileOf(model), { ...usage, neurons: null, estimated: false });
}

function usedAfter(step: Step | undefined, cost: number): Usage {
  const used = step === undefined ? noUsage : readUsage(JSON.stringify(step.usage));
  return { ...used, cost_usd: cost };
}

function brainOf(
  model: string,
  fallback: boolean,
  { profileOf }: Changes,
  { sampling }: DurableTask,
): ModelClient {
  const never = () => Promise.reject(new Error("a replay asks nobody"));
  const traits = traitsOf(profileOf(model), sampling);
  return { model, fallback, ...traits, complete: never, isPriced: () => true, permit: never };
}

type Pair = [was: string, now: string];

/** What was to be called, at which rung, with what elided: budgets, window, ladder and loop detection. */
function planDifferences(
  task: LoopTask,
  brain: ModelClient,
  { before, used }: { before: readonly Step[]; used: Usage },
  payload: ModelPayload,
): Pair[] {
  const talk = foldConversation(task.opening, before, { ...task, model: brain.model });
  const recent = before.filter(({ fence }) => fence > task.since);
  const plan = planCall(task, brain, { steps: before, recent, used }, talk);
  const was = saysPlan(payload.offered, payload.because, payload.compaction !== undefined);
  const now =
    plan.kind === "call"
      ? saysPlan(plan.offered, plan.because ?? undefined, plan.compaction !== null)
      : `no call: ${plan.kind === "end" ? plan.because : plan.failure.code}`;
  return was === now ? [] : [[was, now]];
}

function saysPlan(offered: string, because: string | undefined, elided: boolean): string {
  const why = because === undefined ? "" : ` because of ${because}`;
  return `call with ${offered}${why}${elided ? ", old outputs elided" : ""}`;
}

/** How the endpoint's words read today; null where they are not in the journal. */
function readDifferences(
  task: LoopTask,
  before: readonly Step[],
  brain: ModelClient,
  payload: ModelPayload,
): Pair[] | null {
  const { messages } = foldConversation(task.opening, before, { ...task, model: brain.model });
  const outcome = readAgain(payload, {
    model: brain.model,
    taskId: task.id,
    messages,
    ...offeredAt(payload.offered, task.offers, task.finalOffer),
    outputTokensMax: brain.outputTokensMax,
    signal: new AbortController().signal,
  });
  if (outcome === null) return null;
  if (!outcome.ok || payload.reply === null) {
    const was = payload.failure?.code ?? "a reply";
    const now = outcome.ok ? "a reply" : outcome.failure.code;
    // Whether a prompt was cut silently is told by its tokens, not by the reply's words.
    return was === now || (outcome.ok && payload.failure?.code === "model_overflow")
      ? []
      : [[was, now]];
  }
  return fieldsOf(payload.reply, outcome.reply);
}

function fieldsOf(was: NonNullable<ModelPayload["reply"]>, now: Reply): Pair[] {
  const calls = now.calls.map((call) => ({
    name: call.name,
    arguments: call.arguments,
    problem: call.problem,
  }));
  const wereCalls = was.calls.map(({ name, arguments: args, problem }) => ({
    name,
    arguments: args,
    problem,
  }));
  const pairs: [string, unknown, unknown][] = [
    ["text", was.text, now.text],
    ["reasoning", was.reasoning, now.reasoning],
    ["calls", wereCalls, calls],
    ["finish", was.finish, now.finish],
    ["quirks", was.quirks.filter((quirk) => !ofTheLoop.includes(quirk)), now.quirks],
  ];
  return pairs.flatMap(([name, a, b]): Pair[] => {
    const [before, after] = [JSON.stringify(a), JSON.stringify(b)];
    return before === after ? [] : [[`${name} ${before}`, `${name} ${after}`]];
  });
}

/** Whether today's loop runs the call; null where the reply that made it is not there. */
function toolDecision(
  task: LoopTask,
  before: readonly Step[],
  used: Usage,
  payload: ToolPayload,
): "run" | "refused" | null {
  const call = before
    .flatMap((step) => (step.payload.kind === "model" ? (step.payload.reply?.calls ?? []) : []))
    .find(({ id }) => id === payload.call_id);
  if (call === undefined) return null;
  if (call.problem !== null || toolCallsLeft(used, task.bounds).spent !== null) return "refused";
  const recent = before.filter(({ fence }) => fence > task.since);
  return isBlocked(recent, call) ? "refused" : "run";
}

/** The answer that the last reply's call holds, against the task's output. */
function answerDifference({ task, steps }: Recording, loopTask: LoopTask) {
  if (task.status !== "succeeded" || task.output === null) return null;
  const last = steps.findLast(({ payload }) => payload.kind === "model")?.payload;
  if (last?.kind !== "model") return null;
  const call = last.reply?.calls.find(({ name, problem }) => name === finalAnswerName && !problem);
  if (call?.arguments == null) return null;
  const was = JSON.stringify(task.output);
  const now = JSON.stringify(unwrap(loopTask.form, call.arguments));
  return was === now ? null : { was, now };
}
