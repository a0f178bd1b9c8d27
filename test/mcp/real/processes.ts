/** Real MCP servers of npm as processes, and how a connection of the consumer reaches them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import type { McpTransport } from "../../../consumer/mcp/connection.ts";
import type { GuestRequest, GuestResponse } from "../../../consumer/sandbox/engine.ts";

export interface RealServer {
  url: string;
  transport: McpTransport;
  stop(): Promise<void>;
}

const scriptOf = (folder: string, name: string) =>
  path.join(folder, "@modelcontextprotocol", name, "dist/index.js");

/** The server of all features, over streamable HTTP on a free port of the loopback. */
export async function startEverything(folder: string, port?: number): Promise<RealServer> {
  const chosen = port ?? (await freePort());
  const child = spawn(process.execPath, [scriptOf(folder, "server-everything"), "streamableHttp"], {
    env: { ...process.env, PORT: String(chosen) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const lines = createInterface({ input: child.stderr });
  for await (const line of lines) if (line.includes(`listening on port ${chosen}`)) break;
  const url = `http://127.0.0.1:${chosen}/mcp`;
  return {
    url,
    transport: { fetch: overHttp, fetchEffectFree: overHttp },
    stop: () => ended(child),
  };
}

/** A server that speaks over its standard streams, behind a bridge: one message in, its response out. */
export function startBridged(
  folder: string,
  name: string,
  { args = [], env = {} }: { args?: readonly string[]; env?: Record<string, string> },
): RealServer {
  const child = spawn(process.execPath, [scriptOf(folder, name), ...args], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const waiting = new Map<unknown, (text: string) => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { id } = JSON.parse(line) as { id?: unknown };
    waiting.get(id)?.(line);
    waiting.delete(id);
  });
  const send = async (request: GuestRequest): Promise<GuestResponse> => {
    const text = new TextDecoder().decode(request.body ?? undefined);
    const { id } = JSON.parse(text) as { id?: unknown };
    const response = new Promise<string>((resolve) => {
      if (id === undefined) resolve("");
      else waiting.set(id, resolve);
    });
    child.stdin.write(`${text}\n`);
    return responseOf(id === undefined ? 202 : 200, await response);
  };
  return {
    url: "https://bridge.test/mcp",
    transport: { fetch: send, fetchEffectFree: send },
    stop: () => ended(child),
  };
}

const responseOf = (status: number, text: string): GuestResponse => ({
  url: "https://bridge.test/mcp",
  status,
  statusText: "",
  headers: [["content-type", "application/json"]],
  body: new TextEncoder().encode(text),
});

async function overHttp(request: GuestRequest): Promise<GuestResponse> {
  const response = await fetch(request.url, {
    method: request.method,
    headers: request.headers as [string, string][],
    body: request.body as Uint8Array<ArrayBuffer>,
  });
  return {
    url: request.url,
    status: response.status,
    statusText: response.statusText,
    headers: [...response.headers],
    body: new Uint8Array(await response.arrayBuffer()),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
