/**
 * The local fleet: both Workers under one `wrangler dev`, in this process's own group, so that one
 * Ctrl-C or one kill of the group ends everything. State is on disk and survives a restart; queued
 * messages are in memory and do not, so the runner voids every lease before it opens the port.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { sandboxLimits } from "../../shared/limits.ts";
import { countHungSql, voidLeasesSql } from "../../shared/store/due_tasks.ts";
import { startCron } from "./cron.ts";
import { prepareDatabase } from "./database.ts";
import { fleetEnvironment } from "./environment.ts";
import { writeMicroVmConfig } from "./microvm.ts";
import { claimState, endTree, killTree, recordHolders } from "./processes.ts";
import { settingsFault } from "./settings.ts";
import { watchFor } from "./watchdog.ts";

const root = path.resolve(import.meta.dirname, "../..");
const wranglerScript = path.join(root, "node_modules/wrangler/bin/wrangler.js");

export interface DevServerOptions {
  port: number;
  /** Where D1, R2 and the rest persist. */
  stateDir: string;
  /** The variables of CONTRACT's table; the rest of the caller's environment stays outside. */
  environment: Record<string, string | undefined>;
  /** Quiet runs write the runtime's output to a file below `stateDir` alone. */
  quiet: boolean;
  /** How long the runtime may leave a request unanswered before it is taken for hung and started again. */
  hungMs?: number;
  /** Told after a hung runtime was started again. */
  onHung?: () => void;
  /** Told when the fleet ends without `stop`. */
  onExit?: (code: number | null) => void;
}

export interface DevServer {
  url: string;
  key: string;
  logFile: string;
  /** The process id of the runtime's parent, of the one that runs now. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Resolves once `/healthz` answers 200. Rejects with what the runtime said when it does not come up. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const stateDir = path.resolve(options.stateDir);
  makeFolder(stateDir);
  await claimState(stateDir);
  await mustBeFree(options.port);
  const env = fleetEnvironment(options.environment, stateDir);
  const fault = settingsFault(env);
  if (fault !== null) throw new Error(fault);
  const existed = fs.existsSync(path.join(stateDir, "v3/d1"));
  await prepareDatabase(stateDir, existed ? [voidLeasesSql] : []);
  fs.rmSync(path.join(stateDir, "fleet.log"), { force: true });

  const logFile = path.join(stateDir, "fleet.log");
  const url = `http://127.0.0.1:${options.port}`;
  let stopping = false;
  let run = await started();
  return {
    url,
    key: env.FLEET_API_KEY ?? "",
    logFile,
    get pid() {
      return run.runtime.pid ?? 0;
    },
    async stop() {
      stopping = true;
      run.unwatch();
      await endTree(run.runtime);
    },
  };

  async function started(): Promise<{ runtime: ChildProcess; unwatch(): void }> {
    const runtime = startRuntime(options, stateDir, env, logFile);
    const exited = new Promise<number | null>((resolve) => runtime.once("exit", resolve));
    try {
      await healthy(url, exited, logFile);
    } catch (error) {
      await endTree(runtime);
      throw error;
    }
    const cron = startCron(url);
    const dog = watchFor(url, options.hungMs ?? hungMsDefault, () => {
      void restarted().catch(() => options.onExit?.(null));
    });
    let watched = true;
    const unwatch = (): void => {
      watched = false;
      dog.stop();
      cron.stop();
    };
    void exited.then((code) => {
      const unexpected = watched && !stopping;
      unwatch();
      if (unexpected) options.onExit?.(code);
    });
    return { runtime, unwatch };
  }

  /** A hung runtime hears no signal, so it is killed. The tasks that ran in it lose an attempt, and go on. */
  async function restarted(): Promise<void> {
    run.unwatch();
    await killTree(run.runtime);
    if (stopping) return;
    await prepareDatabase(stateDir, [countHungSql, voidLeasesSql]);
    if (stopping) return;
    const next = await started();
    if (stopping) {
      next.unwatch();
      await endTree(next.runtime);
      return;
    }
    run = next;
    options.onHung?.();
  }
}

/** Longer than the CPU time that `isolate-v8` grants a program, which locally blocks everything. */
const hungMsDefault = sandboxLimits.nativeCpuMsMax + 5_000;

/** With FLEET_MICROVM=1 the consumer has containers, which need Docker. */
function consumerConfig(environment: DevServerOptions["environment"]): string {
  if (environment.FLEET_MICROVM !== "1") return "wrangler.consumer.toml";
  if (spawnSync("docker", ["info"], { stdio: "ignore" }).status !== 0) {
    throw new Error(
      "FLEET_MICROVM=1 needs Docker, which does not answer: start it, or leave FLEET_MICROVM out.",
    );
  }
  return writeMicroVmConfig();
}

function startRuntime(
  options: DevServerOptions,
  stateDir: string,
  env: Record<string, string>,
  logFile: string,
): ChildProcess {
  const log = fs.openSync(logFile, "a");
  const runtime = spawn(
    process.execPath,
    [
      ...[wranglerScript, "dev"],
      ...["-c", "wrangler.producer.toml", "-c", consumerConfig(options.environment)],
      ...["--ip", "127.0.0.1", "--port", String(options.port), "--inspector-port", "0"],
      ...["--persist-to", stateDir, "--show-interactive-dev-session=false"],
    ],
    // Not detached: it stays in our process group.
    { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], detached: false },
  );
  for (const stream of [runtime.stdout, runtime.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      fs.writeSync(log, chunk);
      if (!options.quiet) process.stdout.write(chunk);
    });
  }
  // "close" comes after the last output; "exit" does not.
  runtime.once("close", () => fs.closeSync(log));
  recordHolders(stateDir, runtime.pid);
  return runtime;
}

function makeFolder(stateDir: string): void {
  try {
    fs.mkdirSync(stateDir, { recursive: true });
    fs.accessSync(stateDir, fs.constants.W_OK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new Error(
      `STATE_DIR is ${stateDir}, where nothing can be written (${code}): name another folder.`,
    );
  }
}

/** Without this, another fleet on the port would answer for ours. */
async function mustBeFree(port: number): Promise<void> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", () =>
      reject(new Error(`Port ${port} is in use. Stop what listens there, or set PORT.`)),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}

const isBadPort = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && error.cause.message === "bad port";

/** A start takes seconds; on a machine that is busy with other work it may take over a minute. */
const healthDeadlineMs = 180_000;
const healthEveryMs = 100;

async function healthy(
  url: string,
  exited: Promise<number | null>,
  logFile: string,
): Promise<void> {
  const deadline = Date.now() + healthDeadlineMs;
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  let last = "nothing answered";
  while (!ended && Date.now() < deadline) {
    try {
      const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) });
      if (response.status === 200) return;
      last = `${response.status} ${await response.text()}`;
    } catch (error) {
      // Some ports are closed to fetch, as they are to browsers; any other is not open yet.
      if (isBadPort(error)) {
        throw new Error(`${url} is at a port that browsers refuse; set PORT to another one.`);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, healthEveryMs));
  }
  const tail = fs.readFileSync(logFile, "utf8").split("\n").slice(-30).join("\n");
  throw new Error(
    `The fleet did not come up at ${url}: ${last}.\nIts last words, from ${logFile}:\n${tail}`,
  );
}
