import http from "node:http";
import type net from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DevServer } from "../../../producer/local/dev_server.ts";
import { apiOf, newState, startFleet, until } from "./fleet.ts";

interface WireMessage {
  role: string;
  content: unknown;
  tool_call_id?: string;
  tool_calls?: { id: string; type: string; function: { name: string; arguments: unknown } }[];
}
interface WireRequest {
  model: string;
  messages: WireMessage[];
  tools: { type: string; function: { name: string; parameters: Record<string, unknown> } }[];
}

const state = newState();
const bodies: string[] = [];
const keys: (string | undefined)[] = [];
let server: http.Server;
let fleet: DevServer;

/** The replies of the endpoint: two calls at once, an invalid final answer, then a valid one. */
const call = (id: string, name: string, args: unknown) => ({
  id,
  type: "function",
  function: { name, arguments: JSON.stringify(args) },
});
const turns = [
  [call("a", "run_code", { code: "1 + 1" }), call("b", "list_files", {})],
  [call("c", "final_answer", { n: "two" })],
  [call("d", "final_answer", { n: 2 })],
];

beforeAll(async () => {
  server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const turn = turns[bodies.length];
      bodies.push(body);
      keys.push(request.headers.authorization);
      const message = { role: "assistant", content: null, tool_calls: turn };
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({
          object: "chat.completion",
          choices: [{ index: 0, finish_reason: "tool_calls", message }],
          usage: { prompt_tokens: 900, completion_tokens: 20, total_tokens: 920 },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  fleet = await startFleet(state.dir, {
    MODEL: "some-open-model",
    MODEL_BASE_URL: `http://127.0.0.1:${port}/v1`,
    MODEL_API_KEY: "wire-key",
  });
}, 120_000);

afterAll(async () => {
  await fleet?.stop();
  server?.close();
  state.remove();
});

test("an OpenAI-compatible endpoint gets well-formed requests with a stable prefix", async () => {
  const api = apiOf(fleet);
  const task = {
    prompt: "Add one and one.",
    output_schema: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
  };
  const { id } = await api.post<{ id: string }>("/v1/tasks", JSON.stringify(task));
  const settled = await until(
    () =>
      api.get<{ status: string; finished_at: string | null; output: unknown; usage: object }>(
        `/v1/tasks/${id}`,
      ),
    ({ finished_at }) => finished_at !== null,
  );
  expect(settled).toMatchObject({
    status: "succeeded",
    output: { n: 2 },
    usage: { model_calls: 3, prompt_tokens: 2700, completion_tokens: 60 },
  });

  expect(bodies).toHaveLength(3);
  expect(new Set(keys)).toEqual(new Set(["Bearer wire-key"]));
  for (const body of bodies) expectWellFormed(JSON.parse(body) as WireRequest);
  for (const [n, body] of bodies.entries()) {
    const next = bodies[n + 1];
    // The next request starts with the previous one, up to the end of its messages.
    if (next !== undefined)
      expect(next.startsWith(body.slice(0, body.lastIndexOf("]")))).toBe(true);
  }
});

function expectWellFormed({ model, messages, tools }: WireRequest): void {
  expect(model).toBe("some-open-model");
  expect(tools.map((tool) => tool.function.name)).toContain("final_answer");
  for (const tool of tools) {
    expect(tool.type).toBe("function");
    expect(tool.function.parameters.type).toBe("object");
  }
  const callIds: string[] = [];
  for (const message of messages) {
    expect(typeof message.content).toBe("string");
    for (const { id, function: toolCall } of message.tool_calls ?? []) {
      expect(typeof toolCall.arguments).toBe("string");
      callIds.push(id);
    }
    if (message.role === "tool") expect(callIds).toContain(message.tool_call_id);
  }
  const answeredIds = messages
    .filter(({ role }) => role === "tool")
    .map((message) => message.tool_call_id);
  expect(answeredIds).toEqual(callIds);
}
