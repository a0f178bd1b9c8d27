/** What the loop of today decides at one step, compared with the journal. */

import type { Recording } from "../../shared/files/recording.ts";
import type { Reply } from "../../shared/models/model.ts";
import type { Usage } from "../../shared/spend/usage.ts";
import type { ModelPayload, Step, ToolPayload } from "../../shared/task/step.ts";
import { unwrapAnswer } from "../loop/answer/answer_form.ts";
import { requestOffers } from "../loop/answer/finalisation.ts";
import { toolCallsLeft } from "../loop/budget/allowance.ts";
import { foldConversation } from "../loop/conversation/conversation.ts";
import { isBlocked } from "../loop/conversation/repetition.ts";
import type { LoopTask } from "../loop/loop_slice.ts";
import type { ModelClient } from "../loop/model_client.ts";
import { planCall } from "../loop/plan.ts";
import { readAgain } from "../models/reply/raw_reply.ts";
import { finalAnswerName } from "../tools/catalog.ts";

/** The task before one of its steps. */
export interface ReplayPoint {
  task: LoopTask;
  before: readonly Step[];
  used: Usage;
}

export interface Change {
  was: string;
  now: string;
}

/** Quirks that the loop adds to a reply; the normaliser does not know them. */
/** Quirks that the loop or the transport records, which are not in the reply. */
const isLoopQuirk = (quirk: string): boolean =>
  ["answer_in_text", "fallback_model"].includes(quirk) || quirk.startsWith("request_");

const changeOf = (before: string, now: string): Change[] =>
  before === now ? [] : [{ was: before, now }];

const stepsOfRun = ({ task, before }: ReplayPoint): Step[] =>
  before.filter(({ fence }) => fence > task.resumedFrom);

/**
 * Compares the planned requests: the tools offered and the old outputs that are shortened, which follow from budgets,
 * window, finalisation and loop detection.
 */
export function comparePlan(
  point: ReplayPoint,
  model: ModelClient,
  payload: ModelPayload,
): Change[] {
  const { task, before, used } = point;
  const conversation = foldConversation(task.opening, before, { ...task, model: model.id });
  const journal = { steps: before, stepsOfRun: stepsOfRun(point), used };
  const plan = planCall(task, model, journal, conversation);
  const recordedPlan = formatPlan(
    payload.offered,
    payload.because,
    payload.compaction !== undefined,
  );
  const now =
    plan.kind === "call"
      ? formatPlan(plan.offered, plan.cause ?? undefined, plan.compaction !== null)
      : `no call: ${plan.kind === "end" ? plan.cause : plan.failure.code}`;
  return changeOf(recordedPlan, now);
}

function formatPlan(offer: string, cause: string | undefined, isElided: boolean): string {
  const because = cause === undefined ? "" : ` because of ${cause}`;
  return `call with ${offer}${because}${isElided ? ", old outputs elided" : ""}`;
}

/** How the endpoint's reply is read today; null where the journal does not hold its text. */
export function compareReply(
  { task, before }: ReplayPoint,
  model: ModelClient,
  payload: ModelPayload,
): Change[] | null {
  const { messages } = foldConversation(task.opening, before, { ...task, model: model.id });
  const outcome = readAgain(payload, {
    model: model.id,
    taskId: task.id,
    messages,
    ...requestOffers(payload.offered, task.offers, task.finalOffer),
    outputTokensMax: model.outputTokensMax,
    signal: new AbortController().signal,
  });
  if (outcome === null) return null;
  if (outcome.ok && payload.reply !== null) return compareFields(payload.reply, outcome.reply);
  // The token counts show whether a prompt was cut without a word; the reply's text does not.
  if (outcome.ok && payload.failure?.code === "model_overflow") return [];
  const now = outcome.ok ? "a reply" : outcome.failure.code;
  return changeOf(payload.failure?.code ?? "a reply", now);
}

function compareFields(recordedReply: NonNullable<ModelPayload["reply"]>, now: Reply): Change[] {
  const callsOf = (
    calls: readonly Pick<Reply["calls"][number], "name" | "arguments" | "problem">[],
  ) =>
    calls.map((call) => ({
      name: call.name,
      arguments: call.arguments,
      problem: call.problem,
    }));
  const fields: [name: string, was: unknown, now: unknown][] = [
    ["text", recordedReply.text, now.text],
    ["reasoning", recordedReply.reasoning, now.reasoning],
    ["calls", callsOf(recordedReply.calls), callsOf(now.calls)],
    ["finish", recordedReply.finish, now.finish],
    ["quirks", recordedReply.quirks.filter((quirk) => !isLoopQuirk(quirk)), now.quirks],
  ];
  return fields.flatMap(([name, before, after]) =>
    changeOf(`${name} ${JSON.stringify(before)}`, `${name} ${JSON.stringify(after)}`),
  );
}

/** Whether the loop runs the call. Nothing where the reply with the call is not in the journal. */
export function compareTool(
  point: ReplayPoint,
  status: Step["status"],
  payload: ToolPayload,
): Change[] {
  const call = point.before
    .flatMap((step) => (step.payload.kind === "model" ? (step.payload.reply?.calls ?? []) : []))
    .find(({ id }) => id === payload.call_id);
  if (call === undefined || status === "intent") return [];
  const isRefused =
    call.problem !== null ||
    toolCallsLeft(point.used, point.task.bounds).exhausted !== null ||
    isBlocked(stepsOfRun(point), call);
  return changeOf(status === "refused" ? "refused" : "run", isRefused ? "refused" : "run");
}

/** The answer in the last reply's call, compared with the task's output; null where they are the same. */
export function compareAnswer({ task, steps }: Recording, loopTask: LoopTask): Change | null {
  if (task.status !== "succeeded" || task.output === null) return null;
  const last = steps.findLast(({ payload }) => payload.kind === "model")?.payload;
  if (last?.kind !== "model") return null;
  const call = last.reply?.calls.find(({ name, problem }) => name === finalAnswerName && !problem);
  if (call?.arguments == null) return null;
  const answer = unwrapAnswer(loopTask.form, call.arguments);
  return changeOf(JSON.stringify(task.output), JSON.stringify(answer))[0] ?? null;
}
