import { define } from "../bridge.ts";
import { formatLine } from "../console/console.ts";

/** A harmless `process`: no environment, no arguments, output on the console. */
export function installProcess(print: (text: string) => void): {
  process: object;
  performance: object;
} {
  const startedAt = Date.now;
  let origin = 0;
  const now = (): number => {
    if (origin === 0) origin = startedAt();
    return startedAt() - origin;
  };
  let held = "";
  // Lines are what the console keeps: an unfinished one waits for its end.
  const stream = {
    isTTY: false,
    columns: 80,
    write(text: unknown) {
      const lines = (held + String(text)).split("\n");
      held = lines.pop() ?? "";
      for (const line of lines) print(line);
      return true;
    },
  };
  const performance = { now, timeOrigin: 0, mark: () => {}, measure: () => {} };
  const hrtime = Object.assign(() => [Math.floor(now() / 1000), (now() % 1000) * 1_000_000], {
    bigint: () => BigInt(Math.round(now() * 1_000_000)),
  });
  const process = {
    env: {},
    argv: ["node", "/program.js"],
    execArgv: [],
    pid: 1,
    platform: "linux",
    arch: "x64",
    version: "v24.0.0",
    versions: { node: "24.0.0" },
    title: "node",
    exitCode: undefined,
    stdout: stream,
    stderr: stream,
    cwd: () => "/",
    chdir: () => {},
    uptime: () => now() / 1000,
    hrtime,
    memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
    nextTick: (callback: (...values: unknown[]) => void, ...values: unknown[]) =>
      void Promise.resolve().then(() => callback(...values)),
    on: () => process,
    once: () => process,
    off: () => process,
    emitWarning: (text: unknown) => print(formatLine("Warning:", text)),
    exit: (code: unknown = 0): never => {
      throw new ExitRequest(Number(code));
    },
  };
  define(globalThis, {
    process,
    performance,
    navigator: { userAgent: "sandbox", hardwareConcurrency: 1 },
  });
  flush = () => {
    if (held !== "") print(held);
    held = "";
  };
  return { process, performance };
}

let flush: () => void = () => {};

/** Writes the line that process.stdout.write has left unfinished. */
export function flushOutput(): void {
  flush();
}

/** What process.exit throws: the end of the program without an error. */
export class ExitRequest extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`process.exit(${code})`);
    this.code = code;
  }
}
