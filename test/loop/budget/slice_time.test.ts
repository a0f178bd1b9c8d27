import { Type } from "@sinclair/typebox";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ModelClient } from "../../../consumer/loop/model_client.ts";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { defineTool, toolResult } from "../../../consumer/tools/define.ts";
import { ok } from "../../../shared/result.ts";
import { loopTask, MemoryStores, modelOver, runSlice } from "../memory.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const slowTool = defineTool({
  name: "slow",
  description: "Works slowly.",
  input: Type.Object({}, { additionalProperties: false }),
  effect: "idempotent",
  async run() {
    await sleep(150);
    return toolResult("done");
  },
});

/** A model that takes two seconds for a reply. */
const modelReplying = (message: object, overrides: Partial<ModelClient> = {}): ModelClient => ({
  ...modelOver({
    complete: async (request) => {
      await sleep(2_000);
      return normalise({ choices: [{ message }] }, request, 0);
    },
  }),
  ...overrides,
});

async function runIn(model: ModelClient, sliceMs: number) {
  const task = loopTask([slowTool], [{ role: "user", content: "p" }], {});
  const run = runSlice(new MemoryStores(), task, model, [slowTool], { fence: 1, sliceMs });
  await vi.runAllTimersAsync();
  return run;
}

test("the wait for a permit does not count in `seconds`", async () => {
  const waitForPermit = async () => {
    await sleep(500_000);
    return ok(undefined);
  };
  const { journal } = await runIn(modelReplying({ content: "hi" }, { waitForPermit }), 10_000);
  expect(journal.used.seconds).toBe(2);
});

test("a slice yields between the calls of one reply, once it has journaled a step", async () => {
  const tool_calls = Array.from({ length: 8 }, (_, n) => ({
    id: `x${n}`,
    function: { name: "slow", arguments: "{}" },
  }));
  const { end, journal } = await runIn(modelReplying({ content: "", tool_calls }), 2_200);
  expect([end.kind, journal.steps.map(({ name }) => name)]).toEqual([
    "yielded",
    ["m", "slow", "slow"],
  ]);
});

test("a slice that starts without time left still makes one turn", async () => {
  const { end } = await runIn(modelReplying({ content: "hi" }), 0);
  expect(end.kind).toBe("answered");
});
