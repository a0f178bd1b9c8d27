/** The messages of consecutive requests share a prefix, which the endpoint's cache needs. */
import { Type } from "@sinclair/typebox";
import { describe, expect, test } from "vitest";
import { openAiTransport } from "../../../consumer/models/transport/openai.ts";
import { workersAiTransport } from "../../../consumer/models/transport/workers_ai.ts";
import { defineTool } from "../../../consumer/tools/define.ts";
import type { Transport } from "../../../shared/models/model.ts";
import { type Profile, profileOf } from "../../../shared/models/profiles.ts";
import { loopTask, MemoryStores, modelOver, runSlice } from "../memory.ts";

const look = defineTool({
  name: "look",
  description: "Looks.",
  input: Type.Object({ at: Type.Integer() }, { additionalProperties: false }),
  effect: "read",
  run: async ({ at }) => ({ ok: true, text: `${at}: ${"lorem ipsum dolor ".repeat(60)}` }),
});

interface Sent {
  model?: string;
  messages: object[];
}

const reply = (message: object, finish = "stop") =>
  Response.json({ choices: [{ finish_reason: finish, message }] });
const looks = (...args: unknown[]) =>
  reply(
    {
      content: "I look.",
      reasoning_content: "Where?",
      tool_calls: args.map((each, n) => ({
        id: `functions.look:${n}`,
        function: { name: "look", arguments: JSON.stringify({ at: each }) },
      })),
    },
    "tool_calls",
  );

/** What a long run meets: calls, invalid calls, text, empty and cut replies, faults. */
function respond(n: number): Response {
  if (n % 17 === 16) return new Response("down", { status: 503 });
  if (n % 13 === 12) return looks(n, "there");
  if (n % 11 === 10) return reply({ content: "Let me think about it." });
  if (n % 7 === 6) return reply({ content: "" }, n % 2 === 0 ? "length" : "stop");
  if (n % 5 === 4) return looks(n, n + 1_000, n + 2_000);
  return looks(n);
}

/** Both transports, with an endpoint that records its requests. */
function endpoints(profile: Profile): [string, (sent: Sent[]) => Transport][] {
  return [
    [
      "over HTTP",
      (sent) =>
        openAiTransport({
          baseUrl: "http://m.invalid/v1",
          profile,
          send: async (_url, init) => {
            sent.push(JSON.parse(String(init?.body)) as Sent);
            return respond(sent.length - 1);
          },
        }),
    ],
    [
      "over the binding",
      (sent) =>
        workersAiTransport(
          {
            run: async (_model, inputs) => {
              sent.push(structuredClone(inputs) as unknown as Sent);
              return respond(sent.length - 1);
            },
          },
          profile,
        ),
    ],
  ];
}

const withoutEnd = (messages: readonly object[]) => JSON.stringify(messages).slice(0, -1);

/** The requests whose messages do not start with all the bytes of the previous request. */
function breaksIn(sent: readonly Sent[]): number[] {
  return sent.flatMap(({ messages }, n) => {
    const before = sent[n - 1];
    return before === undefined || withoutEnd(messages).startsWith(withoutEnd(before.messages))
      ? []
      : [n];
  });
}

/** Runs a task to its end: slices yield every few turns, and every fifth worker dies in a write. */
async function longRun(transport: (sent: Sent[]) => Transport, profile: Profile) {
  const sent: Sent[] = [];
  const model = modelOver(transport(sent), "m", profile);
  const limits = { steps: 160, model_calls: 80, tool_calls: 200, cost_usd: 100, tokens: 9_000_000 };
  const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
  const opening = [{ role: "user" as const, content: "Work." }];
  const task = loopTask([look], opening, limits, schema);
  const stores = new MemoryStores();
  for (let fence = 1; fence < 300; fence++) {
    const when = fence % 2 === 0 ? ("before" as const) : ("after" as const);
    stores.kill = fence % 5 === 0 ? { write: stores.writeCount + 3, when } : null;
    const sliceMs = fence % 3 === 0 ? 0 : 60_000;
    const { end } = await runSlice(stores, task, model, [look], { fence, sliceMs });
    if (end.kind === "failed" || end.kind === "answered") break;
  }
  return { sent, steps: stores.steps() };
}

describe.each([
  ["an unknown model", "m"],
  ["Kimi, which has its own ids", "@cf/moonshotai/kimi-k2.6"],
])("the messages to %s start with every byte of the previous request", (_case, model) => {
  const profile = profileOf(model);
  test.each(endpoints(profile))("%s, across yields, kills and faults", async (_case, transport) => {
    const { sent } = await longRun(transport, profile);
    expect(sent.length).toBeGreaterThan(50);
    expect(breaksIn(sent)).toEqual([]);
  });

  test.each(endpoints(profile))("%s, except at a compaction", async (_case, transport) => {
    const { sent, steps } = await longRun(transport, { ...profile, windowTokens: 9_000 });
    const compactions = steps.filter(
      ({ payload }) => payload.kind === "model" && payload.compaction !== undefined,
    );
    const breaks = breaksIn(sent);
    expect(sent.length).toBeGreaterThan(50);
    expect(breaks.length).toBeGreaterThan(0);
    expect(breaks.length).toBeLessThanOrEqual(compactions.length);
    const weights = sent.map(({ messages }) => withoutEnd(messages).length);
    expect(breaks.every((n) => (weights[n] ?? 0) < (weights[n - 1] ?? 0))).toBe(true);
  });
});
