import { createServer } from "node:net";
import { wrongUsage } from "../producer/cli/exit.ts";

const defaultPort = 8787;

/**
 * The port for the demo's API: `PORT` where it is set, else 8787, else a free one with a note
 * that says so. A `PORT` that is taken or no port is wrong usage.
 */
export async function portToUse(
  asked: string | undefined,
): Promise<{ port: number; note: string | null }> {
  const port = asked === undefined || asked === "" ? defaultPort : Number(asked);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw wrongUsage(`PORT is "${asked}"; set it to a number from 1 to 65535.`);
  }
  if (await isFree(port)) return { port, note: null };
  if (port !== defaultPort) throw wrongUsage(`PORT ${port} is taken; choose another.`);
  const other = await freePort();
  return { port: other, note: `Port ${defaultPort} is taken, so the API is on ${other}.` };
}

/** A port on 127.0.0.1 that nobody listens on now. */
export function freePort(): Promise<number> {
  return bound(0);
}

const isFree = (port: number): Promise<boolean> =>
  bound(port).then(
    () => true,
    () => false,
  );

/** Listens for a moment and answers the port; rejects where it is taken. */
function bound(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const found = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(found));
    });
  });
}
