import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { boundsOf } from "../../../consumer/loop/budget/allowance.ts";
import { JournalWriter } from "../../../consumer/loop/journal/journal_writer.ts";
import { runLoop } from "../../../consumer/loop/loop.ts";
import type { LoopTask, ModelClient } from "../../../consumer/loop/loop_end.ts";
import type { ToolHost } from "../../../consumer/loop/calls/run_call.ts";
import type { Reply } from "../../../consumer/models/model.ts";
import type { Tool } from "../../../consumer/tools/define.ts";
import { claim } from "../../../shared/store/claims.ts";
import { noUsage } from "../../../shared/usage.ts";
import { accept } from "../../consumer/harness.ts";
import { handsWith } from "../memory.ts";

const usage = {
  prompt_tokens: 1,
  cached_tokens: 0,
  completion_tokens: 1,
  neurons: null,
  estimated: false,
};
const said = (more: Partial<Reply>): Reply => ({
  text: "",
  reasoning: "",
  calls: [],
  finish: "stop",
  quirks: [],
  usage,
  ...more,
});
const brainThat = (more: Partial<ModelClient>): ModelClient => ({
  model: "m",
  fallback: false,
  prices: { inputPerToken: 0, outputPerToken: 0 },
  outputTokensMax: 100,
  outputTokensCeiling: 100,
  windowTokens: 128_000,
  abilities: { forcedTool: true, jsonMode: true },
  complete: async () => ({ ok: true, reply: said({ text: "hi" }) }),
  costOf: () => 0,
  isPriced: () => true,
  estimateTokens: () => 10,
  permit: async () => ({ ok: true }),
  validate: () => null,
  ...more,
});
const finalOffer = {
  name: "final_answer",
  description: "",
  parameters: {},
  original: { type: "object" },
  effect: "read" as const,
};
const task: LoopTask = {
  id: "t",
  opening: [],
  bounds: boundsOf({}),
  form: { schema: { type: "object" }, wrapped: false, plainText: true },
  offers: [],
  finalOffer,
  readable: false,
  since: 0,
  onUncertain: "fail",
  lostClaims: 0,
  extras: undefined,
};
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function loopFor(brain: ModelClient, hands: ToolHost, sliceMs: number) {
  const id = await accept({ prompt: "p" });
  await claim(env.DB, id, "{}");
  const scribe = new JournalWriter(env, { id, fence: 1 }, "default", [], noUsage, {
    journaled: false,
    charging: false,
  });
  const signal = new AbortController().signal;
  const end = await runLoop(task, [brain], { scribe, hands, signal, sliceMs });
  return { end, scribe };
}

test("waiting for a permit is not in `seconds`", async () => {
  const permit = async () => {
    await pause(500);
    return { ok: true } as const;
  };
  const { scribe } = await loopFor(brainThat({ permit }), handsWith([]), 10_000);
  expect(scribe.used.seconds).toBeLessThan(0.3);
});

test("a slice yields between the calls of one reply, once it has journaled a step", async () => {
  let ran = 0;
  const calls = Array.from({ length: 8 }, (_, n) => ({
    id: `call${n}`,
    providerId: null,
    name: "slow",
    argumentsText: "{}",
    arguments: {},
    problem: null,
  }));
  const slow: Tool = {
    name: "slow",
    description: "",
    input: {} as never,
    effect: "idempotent",
    async run() {
      ran += 1;
      await pause(150);
      return { ok: true, text: String(ran) };
    },
  };
  const complete = async () => ({ ok: true, reply: said({ calls, finish: "calls" }) }) as const;
  const { end, scribe } = await loopFor(brainThat({ complete }), handsWith([slow]), 200);
  expect([end.kind, ran < 4, scribe.steps.length]).toEqual(["yielded", true, ran + 1]);
});

test("a slice whose time is up before it began still does one turn", async () => {
  const { end } = await loopFor(brainThat({}), handsWith([]), 0);
  expect(end.kind).toBe("answered");
});
