/** A local fleet for one test file: its own port, its own state, nothing left behind. */
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { type DevServer, startDevServer } from "../../../producer/local/dev_server.ts";

/**
 * A port that nobody listens on, from below those that the system gives out by itself: between this look
 * and the fleet's start, no other server or connection of the run is given it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    const server = net.createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
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

/** The API of a fleet, as far as these tests speak to it. */
export function apiOf(fleet: DevServer) {
  const headers = { authorization: `Bearer ${fleet.key}` };
  const get = async <T>(at: string): Promise<T> => {
    const response = await fetch(`${fleet.url}${at}`, { headers });
    if (!response.ok) throw new Error(`${at}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const post = async <T>(at: string, body: string, type = "application/json"): Promise<T> => {
    const response = await fetch(`${fleet.url}${at}`, {
      method: "POST",
      headers: { ...headers, "content-type": type },
      body,
    });
    if (!response.ok) throw new Error(`${at}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return { get, post };
}

/** Asks until the answer satisfies; the test's own time limit ends what never does. */
export async function until<T>(
  ask: () => Promise<T>,
  satisfied: (answer: T) => boolean,
): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (satisfied(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
