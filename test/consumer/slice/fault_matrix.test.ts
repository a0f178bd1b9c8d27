/** Every fault of the table in the real loop, over both transports: the outcome, what is kept, the budgets. */
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { TaskRow } from "../../../shared/store/tasks/task_row.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { readTranscript } from "../../../shared/task/transcript.ts";
import {
  permissiveGovernor,
  readSteps,
  runTask,
  type TestConsumer,
  testConsumer,
  uniqueEndpoint,
} from "../harness.ts";
import { type FaultRow, faultTable } from "./fault_table.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const number = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
const usage = { prompt_tokens: 500, completion_tokens: 50 };
const reply = (message: object, finish_reason = "stop", init?: ResponseInit) =>
  Response.json({ choices: [{ finish_reason, message }], usage }, init);
const callingReply = (calls: readonly (readonly [name: string, args: object])[], content = "") =>
  reply(
    {
      content,
      tool_calls: calls.map(([name, args], n) => ({
        id: `x${n}`,
        function: { name, arguments: JSON.stringify(args) },
      })),
    },
    "tool_calls",
  );
const errorReply = (status: number, code: number) => () =>
  Response.json({ errors: [{ code, message: "it is so" }] }, { status });
const answer = JSON.stringify({ choices: [{ message: { content: '{"n": 1}' } }], usage });
const chunk = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ choices: [{ delta, finish_reason: finish }] })}\n\n`;

type Fault = (typeof faultTable)[number]["fault"];
type Endpoint = (n: number, signal: AbortSignal) => Response | Promise<Response>;

const faultyEndpoints: Record<Fault, Endpoint> = {
  "429 with Retry-After": () =>
    new Response("later", { status: 429, headers: { "retry-after": "120" } }),
  "429 without Retry-After": () => new Response("later", { status: 429 }),
  "3040": errorReply(429, 3040),
  "3036": errorReply(429, 3036),
  "5xx": () => new Response("down", { status: 502 }),
  reset: () => Promise.reject(new Error("Network connection lost.")),
  "3046": errorReply(408, 3046),
  "hang past limits.seconds": (_n, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    }),
  "invalid JSON": () => new Response('{"choices": [{"message": {"content": "so'),
  "empty body": () => new Response(null),
  "web page": () =>
    new Response("<html>Hello</html>", { headers: { "content-type": "text/html" } }),
  "stream that breaks off": () => new Response(chunk({ content: "so" }, null)),
  "stream that was not asked for": () =>
    new Response(
      `${chunk({ content: '{"n":' }, null)}${chunk({ content: " 1}" }, "stop")}data: [DONE]\n\n`,
      {
        headers: { "content-type": "text/event-stream" },
      },
    ),
  "wrong content type": () => new Response(answer, { headers: { "content-type": "text/html" } }),
  "empty reply": () => reply({ content: "" }),
  "reasoning that fills every reply": () => reply({ content: "", reasoning: "hm" }, "length"),
  "text that repeats itself": () => reply({ content: "!".repeat(3_000) }),
  "answer against the schema": () => callingReply([["final_answer", { n: "many" }]]),
  "10,000 calls in one reply": (n) =>
    callingReply(
      Array.from(
        { length: 10_000 },
        (_, index) => ["list_files", { path: `f${n}-${index}` }] as const,
      ),
    ),
  "1 MB arguments": () =>
    callingReply([["write_file", { path: "a", content: "x".repeat(1_000_000) }]]),
  "tool that does not exist": () => callingReply([["teleport", {}]]),
  "endless identical calls": () => callingReply([["list_files", {}]]),
  "A-B-A-B cycle": (n) =>
    callingReply([n % 2 === 0 ? ["list_files", {}] : ["read_file", { path: "notes.txt" }]]),
  "filtered reply": () => reply({ content: "I may not say." }, "content_filter"),
  "3030": errorReply(400, 3030),
  "5006": errorReply(400, 5006),
  "5021": errorReply(400, 5021),
};

/** The first reply is good and leaves text and a file; every later one is the fault. */
function endpointWith(fault: Fault): { play: Endpoint; sent: () => number } {
  let sent = 0;
  return {
    sent: () => sent,
    play: async (_n: number, signal: AbortSignal) => {
      sent += 1;
      const faulty = faultyEndpoints[fault];
      if (sent > 1 && faulty !== undefined) return faulty(sent, signal);
      return callingReply(
        [["write_file", { path: "notes.txt", content: "noted" }]],
        "I take notes.",
      );
    },
  };
}

const transports: Record<string, (play: Endpoint) => { on: TestConsumer; model: string }> = {
  HTTP(play) {
    vi.stubGlobal("fetch", (_url: string, init: RequestInit) =>
      play(0, init.signal ?? new AbortController().signal),
    );
    return { on: testConsumer({ MODEL_BASE_URL: uniqueEndpoint() }), model: "m" };
  },
  "the binding"(play) {
    const AI = {
      run: (_model: string, _inputs: object, options: { signal: AbortSignal }) =>
        play(0, options.signal),
    };
    return { on: testConsumer({ AI, GOVERNOR: permissiveGovernor() }), model: "@cf/some/model" };
  },
};

/** Faults of the endpoint: the task waits until it answers. */
const outages: readonly Fault[] = ["5xx", "reset", "3046"];

const limits = { steps: 24, model_calls: 24, tool_calls: 40, cost_usd: 10 };

async function run(fault: Fault, transport: string) {
  const { play, sent } = endpointWith(fault);
  const setup = transports[transport]?.(play);
  if (setup === undefined) throw new Error(transport);
  const task: DurableTask = {
    prompt: "p",
    model: setup.model,
    output_schema: number,
    attempts: 2,
    limits: fault.startsWith("hang") ? { ...limits, seconds: 1.5 } : limits,
  };
  const isOutage = outages.includes(fault);
  const row = await runTask(task, { consumer: setup.on, deliveriesMax: isOutage ? 1 : 3 });
  return { row, sent: sent(), on: setup.on };
}

async function listFiles(row: TaskRow): Promise<string[]> {
  if (row.finished_at === null) return ["notes.txt"];
  const { workspace } = await readTranscript(env.DB, env.OBJECTS, row);
  return Object.keys(workspace ?? {});
}

/** A refusal waits as long as it says, else a minute; an outage until the next probe. */
function minDelaySeconds(fault: Fault): number {
  if (fault === "429 with Retry-After") return 120;
  return outages.includes(fault) ? 1 : 60;
}

describe.each(Object.keys(transports))("an endpoint over %s", (transport) => {
  test.each(faultTable.map((row): [Fault, FaultRow] => [row.fault, row]))(
    "with the fault %s ends as the table says",
    async (fault, expected) => {
      const { row, sent, on } = await run(fault, transport);
      const error = row.error === null ? null : JSON.parse(row.error);
      expect([row.status, row.reason, error?.code ?? null]).toEqual([
        expected.status,
        expected.reason,
        expected.code,
      ]);
      // The work before the fault is kept: its steps, its file, its text.
      const [first, second] = await readSteps(row.id);
      expect([first?.status, second?.name, await listFiles(row)]).toEqual([
        "done",
        "write_file",
        ["notes.txt"],
      ]);
      if (expected.status === "failed" || expected.status === "dead") {
        expect(error.draft.length).toBeGreaterThan(0);
      }
      if (expected.status === "queued") {
        expect(row.attempt).toBe(0);
        const delays = on.sent.map(({ delaySeconds }) => delaySeconds);
        expect(Math.min(...delays)).toBeGreaterThanOrEqual(minDelaySeconds(fault));
      }
      const usage = JSON.parse(row.usage);
      for (const [name, bound] of Object.entries(limits)) {
        expect(usage[name] ?? 0).toBeLessThanOrEqual(bound);
      }
      expect(sent).toBeLessThanOrEqual(limits.model_calls + 3);
    },
  );
});

describe("an exception of the binding", () => {
  test.each([
    ["3040: Capacity temporarily exceeded, please try again.", "queued", null],
    ["3036: You have used up your daily free allocation of 10,000 neurons", "queued", null],
    ["3046: Request timeout", "queued", null],
    [
      "5021: The estimated number of tokens exceeds the context window (24000)",
      "failed",
      "model_overflow",
    ],
    ["8001: Invalid input", "failed", "model_rejected"],
    ["something new", "queued", null],
  ])('"%s" is classified', async (message, status, code) => {
    const AI = {
      run: () => Promise.reject(Object.assign(new Error(message), { name: "AiError" })),
    };
    const row = await runTask(
      { prompt: "p", model: "@cf/some/model", attempts: 2 },
      { consumer: testConsumer({ AI, GOVERNOR: permissiveGovernor() }), deliveriesMax: 3 },
    );
    expect([row.status, row.error === null ? null : JSON.parse(row.error).code]).toEqual([
      status,
      code,
    ]);
  });
});
