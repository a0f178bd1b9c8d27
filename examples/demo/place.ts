import { createServer } from "node:net";
import { usageError } from "../../producer/cli/exit.ts";

const defaultPort = 8787;
const defaultState = ".wrangler/state";
/** The state of a demo next to a running fleet; emptied at each start. */
const demoState = ".wrangler/demo";

/** Where the demo's fleet listens and keeps its state. */
export interface Place {
  port: number;
  stateDir: string;
  /** The state belongs only to the demo and is emptied first. */
  isTemporary: boolean;
  /** A message for the user if the place is not the default; else null. */
  note: string | null;
}

/**
 * The same `PORT` and `STATE_DIR` as `npm start`, so that a fleet started later has the demo's tasks. If 8787
 * is in use, a fleet may be running on that state, and two must never share one: then the demo uses a free
 * port and its own state. A `PORT` that is in use is a usage error.
 */
export async function choosePlace(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Place> {
  const portVariable = environment.PORT;
  const port =
    portVariable === undefined || portVariable === "" ? defaultPort : Number(portVariable);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw usageError(`PORT is "${portVariable}": set it to a number from 1 to 65535.`);
  }
  const stateDir = environment.STATE_DIR || defaultState;
  if (await isFree(port)) return { port, stateDir, isTemporary: false, note: null };
  if (portVariable) throw usageError(`PORT ${port} is in use: choose another.`);
  const other = await freePort();
  const note = `Port ${defaultPort} is in use, so the demo uses port ${other} and its own state.`;
  const isTemporary = environment.STATE_DIR === undefined || environment.STATE_DIR === "";
  return { port: other, stateDir: isTemporary ? demoState : stateDir, isTemporary, note };
}

/** A port on 127.0.0.1 that is free now. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

const isFree = (port: number): Promise<boolean> =>
  listenOnce(port).then(
    () => true,
    () => false,
  );

/** Listens for a moment and returns the port; rejects if it is in use. */
function listenOnce(port: number): Promise<number> {
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
