import http from "node:http";
import type net from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { awkwardText } from "../../../producer/cli/commands/models/scorecard_tests.ts";
import { processContext } from "../../../producer/cli/context.ts";
import { runFleet } from "../../../producer/cli/program.ts";
import type { DevServer } from "../../../producer/local/dev_server.ts";
import { newState, startFleet } from "./fleet.ts";

interface ModelCall {
  name: string;
  arguments: unknown;
}

const final = (args: unknown): ModelCall => ({ name: "final_answer", arguments: args });

/** The replies of a good and a bad model to each test, by words of its prompt. */
const scripts: Record<string, { good: (ModelCall[] | string)[]; bad: (ModelCall[] | string)[] }> = {
  "Call list_files once": {
    good: [[{ name: "list_files", arguments: {} }], [final({ count: 3 })]],
    bad: [[final({ count: 3 })]],
  },
  "Read north.txt": {
    good: [
      [
        { name: "read_file", arguments: { path: "north.txt" } },
        { name: "read_file", arguments: { path: "south.txt" } },
      ],
      [final({ sum: 42 })],
    ],
    bad: [
      [{ name: "read_file", arguments: { path: "north.txt" } }],
      [{ name: "read_file", arguments: { path: "south.txt" } }],
      [final({ sum: 42 })],
    ],
  },
  "Give this order": {
    good: [
      [
        final({
          customer: { name: "Ada Byron", address: { city: "Porto", zip: "4000-008" } },
          // The fleet repairs lists that are written as text.
          items: '[{"sku":"K-17","quantity":3},{"sku":"M-2","quantity":12}]',
        }),
      ],
    ],
    bad: [
      [
        final({
          customer: { name: "Ada Byron", address: { city: "Porto", zip: "4000" } },
          items: [],
        }),
      ],
    ],
  },
  "Read source.txt": {
    good: [
      [{ name: "read_file", arguments: { path: "source.txt" } }],
      [{ name: "write_file", arguments: { path: "copy.txt", content: awkwardText } }],
      [final({ done: true })],
    ],
    bad: [
      [
        {
          name: "write_file",
          arguments: { path: "copy.txt", content: awkwardText.replaceAll("\\", "") },
        },
      ],
      [final({ done: true })],
    ],
  },
  "Send an e-mail": {
    good: [[final({ sent: false, reason: "no tool sends e-mail" })]],
    bad: [
      [{ name: "send_email", arguments: { to: "team@example.com" } }],
      [final({ sent: true, reason: "sent" })],
    ],
  },
  "Classify this review": {
    good: [[final({ sentiment: "mixed", stars: 3, order: "20-1138", topics: ["delivery"] })]],
    bad: [[final({ sentiment: "fine", stars: 9, order: "1138", topics: [] })]],
  },
  "What is the code word": {
    good: [[final({ code_word: "heron-4471" })]],
    bad: ["I do not see a code word."],
  },
};

const state = newState();
let server: http.Server;
let fleet: DevServer;

function chatCompletion(body: string): unknown {
  const { model, messages } = JSON.parse(body) as {
    model: string;
    messages: { role: string; content: string }[];
  };
  const prompt = messages.find(({ role }) => role === "user")?.content ?? "";
  const script = Object.entries(scripts).find(([words]) => prompt.includes(words))?.[1];
  const turn = messages.filter(({ role }) => role === "assistant").length;
  const turns = script?.[model === "good" ? "good" : "bad"] ?? [];
  const reply = turns[turn] ?? turns.at(-1) ?? "…";
  const calls = typeof reply === "string" ? [] : reply;
  const tool_calls = calls.map(({ name, arguments: args }, n) => ({
    id: `c${turn}${n}`,
    type: "function",
    function: { name, arguments: JSON.stringify(args) },
  }));
  const content = typeof reply === "string" ? reply : "";
  return {
    object: "chat.completion",
    choices: [
      { index: 0, finish_reason: "stop", message: { role: "assistant", content, tool_calls } },
    ],
    usage: { prompt_tokens: Math.ceil(body.length / 4), completion_tokens: 30 },
  };
}

beforeAll(async () => {
  server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(chatCompletion(body)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  fleet = await startFleet(state.dir, { MODEL_BASE_URL: `http://127.0.0.1:${port}/v1` });
}, 120_000);

afterAll(async () => {
  await fleet?.stop();
  server?.close();
  state.remove();
});

async function check(...words: string[]) {
  let out = "";
  const write = (text: string): void => {
    out += text;
  };
  const context = { ...processContext(), write };
  const connection = ["--url", fleet.url, "--key", fleet.key];
  const code = await runFleet(["model", "check", ...words, ...connection], context);
  return { code, out };
}

test("a good model passes every test, and repairs of its calls are reported", async () => {
  const { code, out } = await check("good", "--json");
  const card = JSON.parse(out) as { tests: { why: string | null; quirks: string[] }[] };
  expect(card).toMatchObject({ model: "good", passed: 7, total: 7 });
  expect([code, card.tests.map(({ why }) => why)]).toEqual([0, Array(7).fill(null)]);
  expect(card.tests.flatMap(({ quirks }) => quirks)).toContain("nested_json_decoded");
}, 60_000);

test("a bad model fails every test with a reason, and the command exits 1", async () => {
  const { code, out } = await check("bad");
  expect(code).toBe(1);
  expect(out).toContain("0 of 7 passed");
  for (const why of [
    "never ran list_files",
    "made its calls one after the other",
    "called send_email, which does not exist",
    "copied",
    "unpriced",
  ])
    expect(out).toContain(why);
}, 60_000);

test("the rehearsal model has no scorecard", async () => {
  expect((await check("rehearsal")).code).toBe(2);
});
