/** Budgets under random replies, failures and kills, with the real loop and a journal in memory. */
import { Type } from "@sinclair/typebox";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ModelClient } from "../../../consumer/loop/model_client.ts";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { defineTool } from "../../../consumer/tools/define.ts";
import type { ModelOutcome, ModelRequest, ReplyUsage } from "../../../shared/models/model.ts";
import { profileOf } from "../../../shared/models/profiles.ts";
import { estimatePrompt } from "../../../shared/models/tokens.ts";
import type { Usage } from "../../../shared/spend/usage.ts";
import { type FailureCode, failure } from "../../../shared/task/failures.ts";
import { type Kill, loopTask, MemoryStores, modelOver, runSlice } from "../memory.ts";

const look = defineTool({
  name: "look",
  description: "Looks.",
  input: Type.Object({ at: Type.Integer() }, { additionalProperties: false }),
  effect: "read",
  run: async ({ at }) => ({ ok: true, text: `${at} `.repeat(at % 400) }),
});
const send = defineTool({
  name: "send",
  description: "Sends.",
  input: Type.Object({ at: Type.Integer() }, { additionalProperties: false }),
  effect: "idempotent",
  run: async ({ at }) => ({ ok: true, text: `sent ${at}` }),
});
const tools = [look, send];
const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };

/** The endpoint's behaviour for one call. */
type Turn =
  | { kind: "calls"; names: string[]; at: number }
  | { kind: "text"; text: string }
  | { kind: "failure"; code: FailureCode };

const turns: fc.Arbitrary<Turn> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("calls" as const),
      names: fc.array(fc.constantFrom("look", "send", "look", "fly", "final_answer"), {
        minLength: 1,
        maxLength: 6,
      }),
      at: fc.integer({ min: 0, max: 3_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("text" as const), text: fc.string() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("failure" as const),
      code: fc.constantFrom<FailureCode>("model_busy", "model_unavailable", "model_overflow"),
    }),
  },
);

const limits = fc.record({
  steps: fc.integer({ min: 1, max: 40 }),
  model_calls: fc.integer({ min: 1, max: 20 }),
  tool_calls: fc.integer({ min: 0, max: 20 }),
  tokens: fc.integer({ min: 200, max: 60_000 }),
  cost_usd: fc.double({ min: 0.0001, max: 0.2, noNaN: true }),
});
const kills = fc.array(
  fc.record({
    write: fc.integer({ min: 1, max: 6 }),
    when: fc.constantFrom<Kill["when"]>("before", "after"),
  }),
  { maxLength: 8 },
);

interface Ledger {
  calls: number;
  tokens: number;
  dollars: number;
  worstTokens: number;
  worstDollars: number;
}

/** An endpoint that counts what it really sold, independent of the journal. */
function sellerOf(script: readonly Turn[], share: number): { model: ModelClient; sold: Ledger } {
  const sold: Ledger = { calls: 0, tokens: 0, dollars: 0, worstTokens: 0, worstDollars: 0 };
  const profile = profileOf("@cf/zai-org/glm-5.2");
  const play = (request: ModelRequest): ModelOutcome => {
    const turn = script[sold.calls % Math.max(1, script.length)] ?? { kind: "text", text: "" };
    sold.calls += 1;
    if (turn.kind === "failure") {
      return { ok: false, failure: failure(turn.code, "no", { windowTokens: 40_000 }) };
    }
    const usage = {
      prompt_tokens: estimatePrompt(request),
      completion_tokens: Math.ceil(request.outputTokensMax * share),
    };
    const message =
      turn.kind === "text"
        ? { content: turn.text }
        : {
            content: "",
            tool_calls: turn.names.map((name, n) => ({
              id: `x${n}`,
              function: { name, arguments: JSON.stringify({ at: turn.at + n }) },
            })),
          };
    const outcome = normalise({ choices: [{ message }], usage }, request, 0);
    if (outcome.ok) count(outcome.reply.usage);
    return outcome;
  };
  const model = modelOver({ complete: async (request) => play(request) }, "m", profile);
  const count = (usage: ReplyUsage) => {
    const tokens = usage.prompt_tokens + usage.completion_tokens;
    sold.tokens += tokens;
    sold.dollars += model.costOf(usage);
    sold.worstTokens = Math.max(sold.worstTokens, tokens);
    sold.worstDollars = Math.max(sold.worstDollars, model.costOf(usage));
  };
  return { model, sold };
}

const attemptsMax = 60;

test("no budget is exceeded by more than one call's worst case, across attempts and kills", async () => {
  let ended = 0;
  await fc.assert(
    fc.asyncProperty(
      limits,
      fc.array(turns, { minLength: 1, maxLength: 12 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      kills,
      async (bounds, script, share, plannedKills) => {
        const { model, sold } = sellerOf(script, share);
        const task = loopTask(tools, [{ role: "user", content: "Work." }], bounds, schema);
        const stores = new MemoryStores();
        let lostClaims = 0;
        let usage: Usage | undefined;
        for (let fence = 1; fence <= attemptsMax; fence++) {
          const kill = plannedKills[fence - 1];
          stores.kill =
            kill === undefined ? null : { ...kill, write: stores.writeCount + kill.write };
          const { end, journal } = await runSlice(stores, { ...task, lostClaims }, model, tools, {
            fence,
            ...(usage === undefined ? {} : { used: usage }),
          });
          const hasDied = end.kind === "lost";
          if (hasDied) lostClaims += 1;
          // A dead worker reports no usage: the next one only knows the journal.
          usage = hasDied ? undefined : journal.used;
          if (["answered", "failed"].includes(end.kind)) {
            ended += 1;
            break;
          }
        }
        const last = stores.steps().at(-1)?.usage;
        const journaled = usage ?? last;
        if (journaled === undefined) return;
        expect(journaled.steps).toBeLessThanOrEqual(task.bounds.steps);
        expect(journaled.model_calls).toBeLessThanOrEqual(task.bounds.model_calls);
        expect(journaled.tool_calls).toBeLessThanOrEqual(task.bounds.tool_calls);
        const tokens = journaled.prompt_tokens + journaled.completion_tokens;
        expect(tokens).toBeLessThanOrEqual(task.bounds.tokens + sold.worstTokens);
        expect(journaled.cost_usd).toBeLessThanOrEqual(task.bounds.cost_usd + sold.worstDollars);
        // What was really sold, including calls that died with their worker, is bounded too.
        expect(sold.tokens).toBeLessThanOrEqual(task.bounds.tokens + sold.worstTokens);
        expect(sold.dollars).toBeLessThanOrEqual(task.bounds.cost_usd + sold.worstDollars + 1e-9);
      },
    ),
    { numRuns: 150 },
  );
  expect(ended).toBeGreaterThan(50);
});
