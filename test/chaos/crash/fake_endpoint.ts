/** A model server and an order service outside the killed processes; both record every call. */
import http from "node:http";
import type net from "node:net";
import { promisify } from "node:util";

const disconnectMsMax = 30_000;
/** A connection may still wait to be accepted, so several checks in a row must find none. */
const disconnectChecks = 4;

/** A received call. `epoch` is the number of kills before it. */
export interface Call {
  label: string;
  /** For the model: the number of replies in the conversation. For orders: 0. */
  turn: number;
  epoch: number;
  authorization: string | undefined;
  /** The whole reply was sent before the caller died. */
  isCompleted: boolean;
}

export interface Endpoint {
  url: string;
  calls: Call[];
  /** Resolves without open connections: then all calls of a killed fleet have arrived and are counted. */
  waitUntilDisconnected(): Promise<void>;
  stop(): Promise<void>;
}

export interface CallObserver {
  epoch: () => number;
  /** Called at each named point, such as "model called". */
  onPoint: (point: string) => void;
  delayMs: () => number;
}

interface Reply {
  label: string;
  turn: number;
  body: unknown;
}

async function startEndpoint(
  name: string,
  watch: CallObserver,
  answer: (body: string, url: URL) => Reply,
): Promise<Endpoint> {
  const calls: Call[] = [];
  const server = http.createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += chunk));
    request.on("end", () => {
      const { label, turn, body } = answer(text, new URL(request.url ?? "/", "http://endpoint"));
      const { authorization } = request.headers;
      const call = { label, turn, epoch: watch.epoch(), authorization, isCompleted: false };
      calls.push(call);
      watch.onPoint(`${name} called`);
      setTimeout(() => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(body), () => {
          call.isCompleted = true;
          watch.onPoint(`${name} answered`);
        });
      }, watch.delayMs());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    async waitUntilDisconnected() {
      const connected = promisify(server.getConnections.bind(server));
      const deadline = Date.now() + disconnectMsMax;
      for (
        let emptyReplies = 0;
        emptyReplies < disconnectChecks;
        emptyReplies = (await connected()) > 0 ? 0 : emptyReplies + 1
      ) {
        if (Date.now() > deadline) throw new Error(`${name}: the killed fleet is still connected`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const findLabel = (text: string): string => /\bw\d+\b/.exec(text)?.[0] ?? "";

/** The turns of every task: local and upstream reads, an effect, a file, a program with reads and an effect, the answer. */
function toolCallOf(label: string, turn: number): { name: string; arguments: unknown } {
  const order = (n: number) => JSON.stringify({ label: `${label}.${n}` });
  const url = "https://orders.example/v1/orders";
  const turns = [
    { name: "list_files", arguments: {} },
    { name: "fetch_url", arguments: { url: `${url}?label=${label}` } },
    { name: "fetch_url", arguments: { url, method: "POST", body: order(1) } },
    { name: "write_file", arguments: { path: "note.txt", content: label } },
    {
      name: "run_code",
      arguments: {
        code: `const url = ${JSON.stringify(url)}; const read = () => fetch(url + "?label=${label}");
await read(); await Promise.all([read(), read()]);
const r = await fetch(url, {method: "POST", body: ${JSON.stringify(order(2))}}); r.status`,
      },
    },
  ];
  return turns[turn] ?? { name: "final_answer", arguments: { text: `answer ${label}` } };
}

export const stepNames = ["list_files", "fetch_url", "fetch_url", "write_file", "run_code"];

export function startFakeModel(watch: CallObserver): Promise<Endpoint> {
  return startEndpoint("model", watch, (text) => {
    const { messages } = JSON.parse(text) as { messages: { role: string; content: string }[] };
    const label = findLabel(messages.find(({ role }) => role === "user")?.content ?? "");
    const turn = messages.filter(({ role }) => role === "assistant").length;
    const call = toolCallOf(label, turn);
    const tool_calls = [
      {
        id: `call_${turn}`,
        type: "function",
        function: { name: call.name, arguments: JSON.stringify(call.arguments) },
      },
    ];
    const message = { role: "assistant", content: null, tool_calls };
    const body = {
      object: "chat.completion",
      choices: [{ index: 0, finish_reason: "tool_calls", message }],
      usage: { prompt_tokens: 900, completion_tokens: 20, total_tokens: 920 },
    };
    return { label, turn, body };
  });
}

export function startFakeOrders(watch: CallObserver): Promise<Endpoint> {
  return startEndpoint("orders", watch, (text, url) => {
    const read = url.searchParams.get("label");
    // Reads may be repeated; their label distinguishes them from orders.
    if (read !== null) return { label: `read ${read}`, turn: 0, body: { orders: [] } };
    const { label } = JSON.parse(text) as { label: string };
    return { label, turn: 0, body: { order: label } };
  });
}
