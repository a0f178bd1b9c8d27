import { createServer } from "node:net";
import { wrongUsage } from "../producer/cli/exit.ts";

const defaultPort = 8787;
const defaultState = ".wrangler/state";
/** The state of a demo beside a fleet that is running already; emptied at each start. */
const besideState = ".wrangler/demo";

/** Where the demo's fleet listens and keeps its state. */
export interface Place {
  port: number;
  stateDir: string;
  /** True where the state is the demo's alone and is emptied first. */
  fresh: boolean;
  /** What to tell the person, where it is not what they would expect. */
  note: string | null;
}

/**
 * The places of `npm start`: `PORT` and `STATE_DIR`, so that a fleet started later has the demo's
 * tasks. Where 8787 is taken, a fleet may well be running on that state: two must never share
 * one, so the demo takes a free port and a state of its own. A `PORT` that is taken is wrong usage.
 */
export async function placeOfDemo(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Place> {
  const asked = environment.PORT;
  const port = asked === undefined || asked === "" ? defaultPort : Number(asked);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw wrongUsage(`PORT is "${asked}"; set it to a number from 1 to 65535.`);
  }
  const stateDir = environment.STATE_DIR || defaultState;
  if (await isFree(port)) return { port, stateDir, fresh: false, note: null };
  if (asked) throw wrongUsage(`PORT ${port} is taken; choose another.`);
  const other = await freePort();
  const note = `Port ${defaultPort} is taken, so the demo is on ${other}, with a state of its own.`;
  const own = environment.STATE_DIR === undefined || environment.STATE_DIR === "";
  return { port: other, stateDir: own ? besideState : stateDir, fresh: own, note };
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
