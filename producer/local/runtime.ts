/** The process of the local runtime: both Workers under one `wrangler dev`. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { compileCache } from "./environment.ts";
import { writeMicroVmConfig } from "./microvm.ts";
import { recordHolders } from "./processes.ts";

const root = path.resolve(import.meta.dirname, "../..");
const wranglerScript = path.join(root, "node_modules/wrangler/bin/wrangler.js");

export interface RuntimeOptions {
  port: number;
  stateDir: string;
  env: Record<string, string>;
  /** Run the consumer with containers. */
  microVm: boolean;
  /** Write the output only to the log file. */
  quiet: boolean;
  logFile: string;
}

export function startRuntime(options: RuntimeOptions): ChildProcess {
  const log = fs.openSync(options.logFile, "a");
  const consumerConfig = options.microVm ? microVmConfig() : "wrangler.consumer.toml";
  const runtime = spawn(
    process.execPath,
    [
      ...[wranglerScript, "dev"],
      ...["-c", "wrangler.producer.toml", "-c", consumerConfig],
      ...["--ip", "127.0.0.1", "--port", String(options.port), "--inspector-port", "0"],
      ...["--persist-to", options.stateDir, "--show-interactive-dev-session=false"],
    ],
    // The process is not detached: it stays in this process's group.
    {
      cwd: root,
      env: { ...options.env, NODE_COMPILE_CACHE: compileCache },
      stdio: ["ignore", "pipe", "pipe"],
      detached: false,
    },
  );
  for (const stream of [runtime.stdout, runtime.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      fs.writeSync(log, chunk);
      if (!options.quiet) process.stdout.write(chunk);
    });
  }
  // "close" comes after the last output; "exit" does not.
  runtime.once("close", () => fs.closeSync(log));
  recordHolders(options.stateDir, runtime.pid);
  return runtime;
}

function microVmConfig(): string {
  if (spawnSync("docker", ["info"], { stdio: "ignore" }).status !== 0) {
    throw new Error(
      "FLEET_MICROVM=1 needs Docker, which does not answer: start it, or leave out FLEET_MICROVM.",
    );
  }
  return writeMicroVmConfig();
}

/** A start takes seconds; on a busy machine it can take over a minute. */
const healthDeadlineMs = 180_000;
const healthCheckEveryMs = 100;

/** Resolves when `/healthz` returns 200. Rejects with the end of the log if it does not. */
export async function waitUntilHealthy(
  url: string,
  exit: Promise<number | null>,
  logFile: string,
): Promise<void> {
  const deadline = Date.now() + healthDeadlineMs;
  let hasExited = false;
  void exit.then(() => {
    hasExited = true;
  });
  let last = "no response";
  while (!hasExited && Date.now() < deadline) {
    try {
      const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) });
      if (response.status === 200) return;
      last = `${response.status} ${await response.text()}`;
    } catch (error) {
      // fetch rejects some ports, as browsers do; any other error means that it is not open yet.
      if (isBlockedPort(error)) {
        throw new Error(`Browsers block the port of ${url}: set PORT to another one.`);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, healthCheckEveryMs));
  }
  const tail = fs.readFileSync(logFile, "utf8").split("\n").slice(-30).join("\n");
  throw new Error(
    `The fleet did not start at ${url}: ${last}.\nThe end of its log ${logFile}:\n${tail}`,
  );
}

const isBlockedPort = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && error.cause.message === "bad port";
