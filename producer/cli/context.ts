import type { Readable } from "node:stream";

/**
 * Everything outside the program that the CLI touches, so that tests can replace it. Only `write` and
 * `warn` print.
 */
export interface CliContext {
  environment: Readonly<Record<string, string | undefined>>;
  fetch: typeof fetch;
  stdin: Readable;
  write(text: string): void;
  warn(text: string): void;
  /** Standard output is a terminal that can redraw: show bars and tables. */
  interactive: boolean;
  /** Text may have colours: at a terminal, unless NO_COLOR is set. */
  coloured: boolean;
  /** The width of a table; infinite without a terminal, so that nothing is cut. */
  columns: number;
  /** Resolves after `ms`. */
  sleep(ms: number): Promise<void>;
  /** Calls `handler` on Ctrl-C, before the process ends. The returned function removes it. */
  onInterrupt(handler: () => void): () => void;
  /** Milliseconds since 1970 UTC. */
  now(): number;
}

/** The context of this process. */
export function processContext(): CliContext {
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
    onInterrupt(handler) {
      const listener = () => {
        process.off("SIGINT", listener);
        handler();
        // Ctrl-C ends the process by the signal itself, so that a shell loop ends too and the exit code is 130.
        process.kill(process.pid, "SIGINT");
      };
      process.on("SIGINT", listener);
      return () => void process.off("SIGINT", listener);
    },
    now: Date.now,
  };
}
