import http from "node:http";
import type net from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runFleet } from "../../../producer/cli/program.ts";
import { awkwardText } from "../../../producer/cli/scorecard.ts";
import { processSurroundings } from "../../../producer/cli/surroundings.ts";
import type { DevServer } from "../../../producer/local/dev_server.ts";
import { newState, startFleet } from "./fleet.ts";

interface Said {
  name: string;
  arguments: unknown;
}

const final = (args: unknown): Said => ({ name: "final_answer", arguments: args });

/** What a good model and a bad one say to each test, turn by turn, found by words of its prompt. */
const scripts: Record<string, { good: (Said[] | string)[]; bad: (Said[] | string)[] }> = {
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
          // Lists as text are the fleet's to mend, and no fault of the answer.
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

function reply(body: string): unknown {
  const { model, messages } = JSON.parse(body) as {
    model: string;
    messages: { role: string; content: string }[];
  };
  const asked = messages.find(({ role }) => role === "user")?.content ?? "";
  const script = Object.entries(scripts).find(([words]) => asked.includes(words))?.[1];
  const turn = messages.filter(({ role }) => role === "assistant").length;
  const turns = script?.[model === "good" ? "good" : "bad"] ?? [];
  const said = turns[turn] ?? turns.at(-1) ?? "…";
  const calls = typeof said === "string" ? [] : said;
  const tool_calls = calls.map(({ name, arguments: args }, n) => ({
    id: `c${turn}${n}`,
    type: "function",
    function: { name, arguments: JSON.stringify(args) },
  }));
  const content = typeof said === "string" ? said : "";
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
      response.end(JSON.stringify(reply(body)));
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
  const surroundings = { ...processSurroundings(), write };
  const at = ["--url", fleet.url, "--key", fleet.key];
  const code = await runFleet(["model", "check", ...words, ...at], surroundings);
  return { code, out };
}

test("a model that behaves well passes every test, and what was mended for it is told", async () => {
  const { code, out } = await check("good", "--json");
  const card = JSON.parse(out) as { tests: { why: string | null; quirks: string[] }[] };
  expect(card).toMatchObject({ model: "good", passed: 7, total: 7 });
  expect([code, card.tests.map(({ why }) => why)]).toEqual([0, Array(7).fill(null)]);
  expect(card.tests.flatMap(({ quirks }) => quirks)).toContain("nested_json_decoded");
}, 60_000);

test("a model that behaves badly fails each, with the reason, and the command exits 1", async () => {
  const { code, out } = await check("bad");
  expect(code).toBe(1);
  expect(out).toContain("0 of 7 passed");
  for (const why of [
    "never ran list_files",
    "made its calls one after the other",
    "called send_email, which there is not",
    "copied",
    "unpriced",
  ])
    expect(out).toContain(why);
}, 60_000);

test("the rehearsal has no card", async () => {
  expect((await check("rehearsal")).code).toBe(2);
});
