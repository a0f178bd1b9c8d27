/**
 * The processor time of one loop step: folding a transcript of 50 steps, planning the call, writing its body,
 * parsing a reply, serialising the step. The model, D1 and R2 are in memory and reply at once. This is the
 * only absolute figure of the bench.
 */
import { Type } from "@sinclair/typebox";
import { openAiTransport } from "../../consumer/models/transport/openai.ts";
import { catalog } from "../../consumer/tools/catalog.ts";
import { defineTool } from "../../consumer/tools/define.ts";
import { profileOf } from "../../shared/models/profiles.ts";
import type { Usage } from "../../shared/spend/usage.ts";
import { loopTask, MemoryStores, modelOver, runSlice } from "../loop/memory.ts";

const transcriptSteps = 50;
const outputChars = 4_000;
const runs = 12;
const warmUps = 3;

const look = defineTool({
  name: "look",
  description: "Looks.",
  input: Type.Object({ at: Type.Integer() }, { additionalProperties: false }),
  effect: "read",
  run: async ({ at }) => ({ ok: true, text: `${at} lorem ipsum `.repeat(outputChars / 16) }),
});
const tools = [look, ...catalog];
const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };

/** The CPU time of this process, which waiting on a busy machine does not increase. */
function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The time of each step from its model call to the next one, in milliseconds, of one task. */
async function stepTimes(): Promise<number[]> {
  const profile = profileOf("bench");
  const callTimes: number[] = [];
  const transport = openAiTransport({
    baseUrl: "http://bench.invalid/v1",
    profile,
    send: async () => {
      const n = callTimes.push(cpuMilliseconds());
      const call = {
        id: `x${n}`,
        function: { name: "look", arguments: JSON.stringify({ at: n }) },
      };
      const message = { content: "I look.", reasoning: "Where?", tool_calls: [call] };
      const usage = { prompt_tokens: n * 1_000, completion_tokens: 40 };
      return Response.json({ choices: [{ finish_reason: "tool_calls", message }], usage });
    },
  });
  const model = modelOver(transport, "bench", {
    ...profile,
    windowTokens: 10_000_000,
  });
  const limits: Partial<Usage> = { steps: 500, model_calls: 40, tool_calls: 500 };
  const task = loopTask(
    tools,
    [{ role: "user", content: "Work." }],
    { ...limits, tokens: 20_000_000 },
    schema,
  );
  await runSlice(new MemoryStores(), task, model, tools, { fence: 1 });
  const from = Math.floor(transcriptSteps / 2);
  return callTimes
    .slice(1)
    .flatMap((time, n) => (n < from ? [] : [(time - (callTimes[n] ?? time)) / 2]));
}

/** Median milliseconds per step; a turn is two steps, a model call and a tool call. */
export async function loopMilliseconds(): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs + warmUps; run++) {
    const measured = await stepTimes();
    if (run >= warmUps) times.push(...measured);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
