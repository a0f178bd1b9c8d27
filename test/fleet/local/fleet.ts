/** A local fleet for one test file, with its own port and state. */
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { type DevServer, startDevServer } from "../../../producer/local/dev_server.ts";

/**
 * A free port below the range that the system assigns, so that no other server or connection of the test run
 * gets it before the fleet starts.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    const server = net.createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

export function newState(): { dir: string; remove(): void } {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fleet-"));
  return { dir, remove: () => fs.rmSync(dir, { recursive: true, force: true }) };
}

export async function startFleet(
  stateDir: string,
  environment: Record<string, string> = {},
  options: { hungMs?: number } = {},
): Promise<DevServer> {
  return startDevServer({
    port: await freePort(),
    stateDir,
    environment,
    quiet: true,
    ...options,
  });
}

/** The calls that these tests make. */
export function apiOf(fleet: DevServer) {
  const headers = { authorization: `Bearer ${fleet.key}` };
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${fleet.url}${path}`, { headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const post = async <T>(path: string, body: string, type = "application/json"): Promise<T> => {
    const response = await fetch(`${fleet.url}${path}`, {
      method: "POST",
      headers: { ...headers, "content-type": type },
      body,
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return { get, post };
}

/** Polls until the condition is true: the API has no push. The time limit of the test ends it otherwise. */
export async function until<T>(
  read: () => Promise<T>,
  condition: (value: T) => boolean,
): Promise<T> {
  for (;;) {
    const value = await read();
    if (condition(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
