/** A model server for the benchmarks: every call takes the same time; `STEPS=n` in the prompt asks for n calls. */
import http from "node:http";
import type { AddressInfo } from "node:net";

export interface ModelServer {
  url: string;
  /** The most calls that were in progress at once, since the last look. */
  takeMost(): number;
  stop(): void;
}

interface ChatRequest {
  model: string;
  messages: { role: string; content: unknown }[];
}

export async function startModelServer(callMs: number): Promise<ModelServer> {
  let now = 0;
  let most = 0;
  const server = http.createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    response.setHeader("content-type", "application/json");
    if (request.method === "GET") return response.end('{"data": [{"id": "bench"}]}');
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, callMs));
    now -= 1;
    response.end(JSON.stringify(reply(JSON.parse(Buffer.concat(parts).toString()) as ChatRequest)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    takeMost() {
      const highest = most;
      most = now;
      return highest;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Calls tools until its last step, and answers then. */
function reply({ model, messages }: ChatRequest): object {
  const text = JSON.stringify(messages);
  const steps = Number(/STEPS=(\d+)/.exec(text)?.[1] ?? 1);
  const turn = messages.filter(({ role }) => role === "tool").length + 1;
  const call =
    turn >= steps
      ? { name: "final_answer", arguments: '{"age": 7}' }
      : text.includes("RUN_CODE")
        ? { name: "run_code", arguments: JSON.stringify({ code: `${turn} * 7` }) }
        : { name: "list_files", arguments: JSON.stringify({ path: `step-${turn}` }) };
  const message = {
    role: "assistant",
    content: null,
    tool_calls: [{ id: `call_${turn}`, type: "function", function: call }],
  };
  return {
    object: "chat.completion",
    model,
    choices: [{ index: 0, finish_reason: "tool_calls", message }],
    usage: { prompt_tokens: 400, completion_tokens: 40, total_tokens: 440 },
  };
}
