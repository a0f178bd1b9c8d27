import type { Readable } from "node:stream";

/**
 * Everything outside of the program that the command line touches, so that a test can give
 * its own. `write` and `warn` take whole texts; nothing else prints.
 */
export interface CliContext {
  environment: Readonly<Record<string, string | undefined>>;
  fetch: typeof fetch;
  stdin: Readable;
  write(text: string): void;
  warn(text: string): void;
  /** True where standard output is a terminal: then bars and tables. One that is dumb redraws nothing. */
  interactive: boolean;
  /** Whether words may have colours: at a terminal, unless NO_COLOR is set. */
  coloured: boolean;
  /** How wide a table may be; endless where no terminal is, so that nothing is cut there. */
  columns: number;
  /** Resolves after `ms`. */
  sleep(ms: number): Promise<void>;
  /** Runs `last` when the person presses Ctrl-C, before that ends the process; what it returns takes that back. */
  onInterrupt(last: () => void): () => void;
  /** Milliseconds since 1970 UTC. */
  now(): number;
}

/** The process as it is. */
export function processSurroundings(): CliContext {
  const { env } = process;
  const interactive = process.stdout.isTTY === true && env.TERM !== "dumb";
  return {
    environment: env,
    fetch,
    stdin: process.stdin,
    write: (text) => void process.stdout.write(text),
    warn: (text) => void process.stderr.write(text),
    interactive,
    coloured: interactive && (env.NO_COLOR ?? "") === "",
    columns:
      process.stdout.isTTY === true ? process.stdout.columns || 160 : Number.POSITIVE_INFINITY,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    onInterrupt(last) {
      const interrupted = () => {
        process.off("SIGINT", interrupted);
        last();
        // By the signal itself, so that a shell's loop ends too and the exit code is its 130.
        process.kill(process.pid, "SIGINT");
      };
      process.on("SIGINT", interrupted);
      return () => void process.off("SIGINT", interrupted);
    },
    now: Date.now,
  };
}
