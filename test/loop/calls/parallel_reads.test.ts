import { Type } from "@sinclair/typebox";
import { expect, test } from "vitest";
import type { ModelClient } from "../../../consumer/loop/loop_end.ts";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { defineTool, type Effect } from "../../../consumer/tools/define.ts";
import { profileOf } from "../../../shared/models/profiles.ts";
import { brainOver, claimed, loopTask, MemoryStores } from "../memory.ts";

/** Tools that note when they begin, and how many run at once. */
function toolsNoting(began: string[], running: { now: number; most: number }) {
  const make = (name: string, effect: Effect) =>
    defineTool({
      name,
      description: "Works.",
      input: Type.Object({}, { additionalProperties: false }),
      effect,
      async run() {
        began.push(name);
        running.now += 1;
        running.most = Math.max(running.most, running.now);
        await new Promise((resolve) => setTimeout(resolve));
        running.now -= 1;
        return { ok: true, text: `${name} ${began.length}` };
      },
    });
  return [make("look", "read"), make("seek", "read"), make("write", "idempotent")];
}

const final = { name: "final_answer", arguments: '{"text":"done"}' };
const replying = (names: readonly string[]): ModelClient => {
  let asked = 0;
  return brainOver(
    {
      complete: async (request) => {
        asked += 1;
        const called = asked === 1 ? names.map((name) => ({ name, arguments: "{}" })) : [final];
        const tool_calls = called.map((each, n) => ({ id: `x${n}`, function: each }));
        return normalise({ choices: [{ message: { content: "", tool_calls } }] }, request, 0);
      },
    },
    "m",
    profileOf("m"),
  );
};

test.each([
  ["calls that only read run at once", ["look", "seek", "look"], 3],
  ["one that writes waits for those before it", ["look", "seek", "write"], 2],
  ["and those behind it wait for it", ["write", "look"], 1],
])("%s: %j", async (_what, names, most) => {
  const began: string[] = [];
  const running = { now: 0, most: 0 };
  const tools = toolsNoting(began, running);
  const task = loopTask(tools, [{ role: "user", content: "p" }], {});
  const stores = new MemoryStores();
  const { end } = await claimed(stores, task, replying(names), tools, { fence: 1 });
  expect([end.kind, began, running.most]).toEqual(["answered", names, most]);
  // Each answer stands in the journal in the order of its call, however they ended.
  const answered = stores.steps().filter((step) => step.payload.kind === "tool");
  expect(answered.map((step) => step.name)).toEqual(names);
});
