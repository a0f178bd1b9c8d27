import { Type } from "@sinclair/typebox";
import { expect, test } from "vitest";
import type { ModelClient } from "../../../consumer/loop/model_client.ts";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { defineTool, type Effect } from "../../../consumer/tools/define.ts";
import { loopTask, MemoryStores, modelOver, runSlice } from "../memory.ts";

/** Tools that record their start and how many run in parallel. */
function recordingTools(started: string[], running: { now: number; most: number }) {
  const make = (name: string, effect: Effect) =>
    defineTool({
      name,
      description: "Works.",
      input: Type.Object({}, { additionalProperties: false }),
      effect,
      async run() {
        started.push(name);
        running.now += 1;
        running.most = Math.max(running.most, running.now);
        await new Promise((resolve) => setTimeout(resolve));
        running.now -= 1;
        return { ok: true, text: `${name} ${started.length}` };
      },
    });
  return [make("look", "read"), make("seek", "read"), make("write", "idempotent")];
}

const final = { name: "final_answer", arguments: '{"text":"done"}' };
const modelCalling = (names: readonly string[]): ModelClient => {
  let requests = 0;
  return modelOver({
    complete: async (request) => {
      requests += 1;
      const calls = requests === 1 ? names.map((name) => ({ name, arguments: "{}" })) : [final];
      const tool_calls = calls.map((call, n) => ({ id: `x${n}`, function: call }));
      return normalise({ choices: [{ message: { content: "", tool_calls } }] }, request, 0);
    },
  });
};

test.each([
  ["calls that only read run in parallel", ["look", "seek", "look"], 3],
  ["a call that writes waits for those before it", ["look", "seek", "write"], 2],
  ["calls wait for one that writes before them", ["write", "look"], 1],
])("%s: %j", async (_case, names, most) => {
  const started: string[] = [];
  const running = { now: 0, most: 0 };
  const tools = recordingTools(started, running);
  const task = loopTask(tools, [{ role: "user", content: "p" }], {});
  const stores = new MemoryStores();
  const { end } = await runSlice(stores, task, modelCalling(names), tools, { fence: 1 });
  expect([end.kind, started, running.most]).toEqual(["answered", names, most]);
  // The journal holds the results in the order of the calls, not in that of their ends.
  const results = stores.steps().filter((step) => step.payload.kind === "tool");
  expect(results.map((step) => step.name)).toEqual(names);
});
