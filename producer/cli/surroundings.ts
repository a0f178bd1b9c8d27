import type { Readable } from "node:stream";

/**
 * Everything outside of the program that the command line touches, so that a test can give
 * its own. `write` and `warn` take whole texts; nothing else prints.
 */
export interface Surroundings {
  environment: Readonly<Record<string, string | undefined>>;
  fetch: typeof fetch;
  stdin: Readable;
  write(text: string): void;
  warn(text: string): void;
  /** True where standard output is a terminal: then bars, colours and tables. */
  interactive: boolean;
  /** How wide a table may be; endless where no terminal is, so that nothing is cut there. */
  columns: number;
  /** Resolves after `ms`, or earlier when the person presses Ctrl-C. */
  sleep(ms: number): Promise<void>;
  /** Milliseconds since 1970 UTC. */
  now(): number;
}

/** The process as it is. */
export function processSurroundings(): Surroundings {
  return {
    environment: process.env,
    fetch,
    stdin: process.stdin,
    write: (text) => void process.stdout.write(text),
    warn: (text) => void process.stderr.write(text),
    interactive: process.stdout.isTTY === true,
    columns:
      process.stdout.isTTY === true ? process.stdout.columns || 160 : Number.POSITIVE_INFINITY,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    now: Date.now,
  };
}
