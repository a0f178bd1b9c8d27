/** Each bound of the loop at its last accepted value and at the next one. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { noApprovals } from "../../consumer/approvals/desk.ts";
import { answerArguments } from "../../consumer/loop/answer/answer_form.ts";
import { findDraft } from "../../consumer/loop/answer/draft.ts";
import { allowanceFor } from "../../consumer/loop/budget/allowance.ts";
import { answerOpenCalls } from "../../consumer/loop/calls/open_calls.ts";
import { compactionFor, tokenScale } from "../../consumer/loop/conversation/compaction.ts";
import { stuckCause } from "../../consumer/loop/conversation/progress.ts";
import { JournalWriter } from "../../consumer/loop/journal/journal_writer.ts";
import { waitOrRequeue } from "../../consumer/loop/journal/record_failure.ts";
import { compactionLimits, modelLimits, retryLimits, storeLimits } from "../../shared/limits.ts";
import { type Bounds, boundsOf } from "../../shared/spend/budgets.ts";
import { noUsage, type Usage } from "../../shared/spend/usage.ts";
import { failure } from "../../shared/task/failures.ts";
import type { Step, StepPayload } from "../../shared/task/step.ts";
import { loopTask, MemoryStores, toolHostWith } from "./memory.ts";
import { callOf, modelStep, replyOf, toolStep } from "./steps.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const outputTokensMax = 2_000;
const promptTokens = 1_000;
const turnTokens = promptTokens + modelLimits.outputTokensDefault;
/** A dollar per token of output, and free prompts. */
const dollarPrices = { inputPerToken: 0, outputPerToken: 1 };

const allowanceAfter = (usage: Partial<Usage>, limits: Partial<Bounds>) =>
  allowanceFor({ ...noUsage, ...usage }, boundsOf({ cost_usd: 1e9, ...limits }), {
    ...{ promptTokens, outputTokensMax, egressRefused: false, lostClaims: 0 },
    prices: limits.cost_usd === undefined ? { inputPerToken: 0, outputPerToken: 0 } : dollarPrices,
  });
const mayCall = (usage: Partial<Usage>, limits: Partial<Bounds> = {}) =>
  allowanceAfter(usage, limits).kind === "go";
function mayWork(usage: Partial<Usage>, limits: Partial<Bounds> = {}): boolean {
  const allowance = allowanceAfter(usage, limits);
  return allowance.kind === "go" && allowance.offered === "tools";
}

/** Four turns, each with one call and its result. */
const turns: Step[] = Array.from({ length: 4 }, (_, n) => {
  const call = callOf(`call0000${n}`);
  return [
    modelStep(replyOf({ calls: [call] }), "tools", 2 * n + 1),
    toolStep(call, "x", "done", 2 * n + 2),
  ];
}).flat();
const compactionWith = (fullTokens: number, gentle: number) => {
  const estimateTokens = (nextCompaction: { chars: number } | null) =>
    nextCompaction === null
      ? fullTokens
      : nextCompaction.chars === compactionLimits.gentleChars
        ? gentle
        : 0;
  return compactionFor(turns, { windowTokens: 1_000, estimateTokens }, false);
};

function newJournal(stores: Pick<MemoryStores, "DB" | "OBJECTS"> = new MemoryStores()) {
  const start = { tenant: "default", steps: [], used: noUsage };
  const flags = { mayHaveRows: false, hasCeiling: false };
  return new JournalWriter(stores, { id: "task_1", fence: 1 }, { ...start, ...flags });
}

async function waitsInSlice(waitMs: number, times: number, sliceMs: number): Promise<boolean> {
  const slice = { journal: newJournal(), sliceMs };
  const cause = failure("model_busy", "m", { retryAfterMs: waitMs });
  const end = waitOrRequeue(slice as never, cause, times);
  await vi.runAllTimersAsync();
  return (await end) === null;
}

/** Whether an output of this length is shown whole to a model with this window. */
async function isShownWhole(chars: number, windowTokens: number): Promise<boolean> {
  const tool = {
    ...{ name: "read_file", description: "", input: {} as never, effect: "idempotent" as const },
    run: async () => ({ ok: true, text: "x".repeat(chars) }),
  };
  const journal = newJournal();
  const toolHost = toolHostWith([tool]);
  const { signal } = new AbortController();
  const slice = { journal, toolHost, approvals: noApprovals, signal, sliceMs: 1 };
  const task = loopTask([], [], {});
  await answerOpenCalls(task, slice, [{ call: callOf("c"), intent: null }], windowTokens);
  const payload = journal.steps.at(-1)?.payload;
  return payload?.kind === "tool" && payload.text.length === chars;
}

/** Whether a payload of this many bytes is stored in its row. */
async function isInline(bytes: number): Promise<boolean> {
  const payload: StepPayload = {
    ...{ kind: "tool", call_id: "c", name: "t", arguments: null, text: "", ok: true },
  };
  payload.text = "x".repeat(bytes - JSON.stringify(payload).length);
  const stores = new MemoryStores();
  const put = vi.fn(async () => ({}));
  const OBJECTS = { put } as unknown as R2Bucket;
  const draft = { seq: 1, name: "t", status: "done" as const, startedAt: 0, payload, spent: {} };
  await newJournal({ DB: stores.DB, OBJECTS }).write([draft], null);
  return put.mock.calls.length === 0;
}

function nest(levels: number): Record<string, unknown> {
  let value: Record<string, unknown> = {};
  for (let n = 1; n < levels; n++) value = { inner: value };
  return value;
}

const conversationAfter = (invalidTurns: number) => ({
  ...{ messages: [], openCalls: [], promptedSteps: [] },
  invalidTurns,
});
const scaleOf = (perMille: number) =>
  tokenScale(
    [
      modelStep(replyOf(), "tools", 1, {
        estimate: 1_000,
        usage: { prompt_tokens: perMille, cached_tokens: 0, completion_tokens: 1, cost_usd: 0 },
      }),
    ],
    "m",
  );
const { answerTokensMin, outputTokensDefault } = modelLimits;

test.each<[string, number, number, (n: number) => boolean | Promise<boolean>]>([
  [
    "tokens for an answer",
    9_000 - answerTokensMin,
    9_001 - answerTokensMin,
    (n) => mayCall({ prompt_tokens: n }, { tokens: 10_000 }),
  ],
  [
    "dollars for an answer",
    10_000 - answerTokensMin,
    10_001 - answerTokensMin,
    (n) => mayCall({ cost_usd: n }, { cost_usd: 10_000 }),
  ],
  ["model calls before the last", 28, 29, (n) => mayWork({ model_calls: n })],
  ["steps before the last turn", 27, 28, (n) => mayWork({ steps: n })],
  ["tool calls", 59, 60, (n) => mayWork({ tool_calls: n })],
  ["milliseconds for work", 869_999, 870_000, (n) => mayWork({ seconds: n / 1_000 })],
  [
    "tokens reserved for another turn",
    1e6 - outputTokensMax - promptTokens - turnTokens,
    1e6 - outputTokensMax - promptTokens - turnTokens + 1,
    (n) => mayWork({ prompt_tokens: n }, { tokens: 1e6 }),
  ],
  [
    "a token budget that reserves no turn",
    4 * turnTokens,
    4 * turnTokens + 1,
    (n) => mayWork({ prompt_tokens: n - 4_000 }, { tokens: n }),
  ],
  [
    "dollars reserved for another turn",
    1e6 - outputTokensMax - outputTokensDefault,
    1e6 - outputTokensMax - outputTokensDefault + 1,
    (n) => mayWork({ cost_usd: n }, { cost_usd: 1e6 }),
  ],
  [
    "a dollar budget that reserves no turn",
    4 * outputTokensDefault,
    4 * outputTokensDefault + 1,
    (n) => mayWork({ cost_usd: n - 3_000 }, { cost_usd: n }),
  ],
  [
    "invalid turns",
    modelLimits.invalidTurnsMax - 1,
    modelLimits.invalidTurnsMax,
    (n) => stuckCause(conversationAfter(n), []) === null,
  ],
  ["a prompt without compaction", 750, 751, (n) => compactionWith(n, 0) === null],
  [
    "a prompt after a gentle compaction",
    500,
    501,
    (n) => JSON.stringify(compactionWith(900, n)).includes(`${compactionLimits.gentleChars}`),
  ],
  ["the largest token scale", 3_000, 3_001, (n) => scaleOf(n) === n / 1_000],
  ["the smallest token scale", 500, 499, (n) => scaleOf(n) === n / 1_000],
  [
    "a wait within the slice",
    retryLimits.waitInSliceMsMax,
    retryLimits.waitInSliceMsMax + 1,
    (n) => waitsInSlice(n, 1, 1e6),
  ],
  ["a wait for the rest of the slice", 5_000, 5_001, (n) => waitsInSlice(n, 1, 5_000)],
  [
    "consecutive rejections",
    retryLimits.refusalsInRowMax - 1,
    retryLimits.refusalsInRowMax,
    (n) => waitsInSlice(10, n, 1e6),
  ],
  [
    "an output in a large window",
    modelLimits.toolOutputCharsMax,
    modelLimits.toolOutputCharsMax + 1,
    (n) => isShownWhole(n, 1e6),
  ],
  ["an output in a medium window", 5_000, 5_001, (n) => isShownWhole(n, 10_000)],
  [
    "an output in a small window",
    compactionLimits.outputCharsMin,
    compactionLimits.outputCharsMin + 1,
    (n) => isShownWhole(n, 1_000),
  ],
  [
    "a payload in its row",
    storeLimits.stepInlineBytesMax,
    storeLimits.stepInlineBytesMax + 1,
    isInline,
  ],
  [
    "a draft of the answer",
    storeLimits.draftCharsMax,
    storeLimits.draftCharsMax + 1,
    (n) => findDraft([modelStep(replyOf({ text: "x".repeat(n) }))]).draft?.length === n,
  ],
  [
    "levels of an answer",
    modelLimits.argumentsDepthMax,
    modelLimits.argumentsDepthMax + 1,
    (n) =>
      answerArguments({ schema: { type: "object" }, wrapped: false, plainText: false }, nest(n)) !==
      null,
  ],
])("the bound on %s is exact", async (_name, last, beyond, isAccepted) => {
  expect([await isAccepted(last), await isAccepted(beyond)]).toEqual([true, false]);
});
