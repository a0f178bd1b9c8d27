/**
 * The local fleet: both Workers under one `wrangler dev`, in this process's group, so that one Ctrl-C or one
 * kill of the group ends everything. State is on disk and survives a restart. Queued messages are in memory
 * and are lost, so every lease is voided before the port opens: the sweep then sends the tasks again.
 */
import type { ChildProcess } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { sandboxLimits } from "../../shared/limits.ts";
import { startCron } from "./cron.ts";
import { prepareDatabase } from "./database.ts";
import { runtimeEnvironment } from "./environment.ts";
import { claimState, endTree, killTree } from "./processes.ts";
import { countHungSql, voidLeasesSql } from "./restart_sql.ts";
import { type RuntimeOptions, startRuntime, waitUntilHealthy } from "./runtime.ts";
import { checkSettings } from "./settings.ts";
import { watchFor } from "./watchdog.ts";

export interface DevServerOptions {
  port: number;
  /** Where D1, R2 and the rest persist. */
  stateDir: string;
  /** The variables of the README's table; the rest of the caller's environment is not passed on. */
  environment: Record<string, string | undefined>;
  /** Write the runtime's output only to a file below `stateDir`. */
  quiet: boolean;
  /** How long a request can stay unanswered before the runtime counts as hung and is restarted. */
  hungMs?: number;
  /** Called after a hung runtime was restarted. */
  onHung?: () => void;
  /** Called when the fleet ends without `stop`. */
  onExit?: (code: number | null) => void;
}

export interface DevServer {
  url: string;
  key: string;
  logFile: string;
  /** The process id of the current runtime. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Resolves when `/healthz` returns 200. Rejects with what is wrong and what to do, or with the log. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const { port, environment, quiet } = options;
  const { stateDir, env } = await checkStart(options);
  const hasState = fs.existsSync(path.join(stateDir, "v3/d1"));
  await prepareDatabase(stateDir, hasState ? [voidLeasesSql] : []);
  const logFile = path.join(stateDir, "fleet.log");
  fs.rmSync(logFile, { force: true });

  const microVm = environment.FLEET_MICROVM === "1";
  const url = `http://127.0.0.1:${port}`;
  const supervisor = new Supervisor(url, options, {
    port,
    stateDir,
    env,
    microVm,
    quiet,
    logFile,
  });
  await supervisor.start();
  return {
    url,
    key: env.FLEET_API_KEY ?? "",
    logFile,
    get pid() {
      return supervisor.pid;
    },
    stop: () => supervisor.stop(),
  };
}

/** Rejects with what is wrong and what to do; quick, so that it can run before a build. */
export async function checkStart({
  port,
  stateDir: folder,
  environment,
}: Pick<DevServerOptions, "port" | "stateDir" | "environment">): Promise<{
  stateDir: string;
  env: Record<string, string>;
}> {
  const stateDir = path.resolve(folder);
  const env = runtimeEnvironment(environment, stateDir);
  const settings = checkSettings(env);
  if (!settings.ok) throw new Error(settings.error);
  createFolder(stateDir);
  await claimState(stateDir);
  await mustBeFree(port);
  return { stateDir, env };
}

/** More than the CPU time of a program in `isolate-v8`, which blocks the whole local runtime. */
const hungMsDefault = sandboxLimits.nativeCpuMsMax + 5_000;

/** A runtime with its cron and its watchdog. */
interface Run {
  process: ChildProcess;
  /** Stops cron and watchdog. */
  unwatch(): void;
}

/** Keeps one runtime running: a hung one is replaced, an exited one is reported. */
class Supervisor {
  readonly #url: string;
  readonly #options: DevServerOptions;
  readonly #runtime: RuntimeOptions;
  #run: Run | null = null;
  #isStopping = false;

  constructor(url: string, options: DevServerOptions, runtime: RuntimeOptions) {
    this.#url = url;
    this.#options = options;
    this.#runtime = runtime;
  }

  get pid(): number {
    return this.#run?.process.pid ?? 0;
  }

  async start(): Promise<void> {
    this.#run = await this.#startRun();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#run?.unwatch();
    if (this.#run !== null) await endTree(this.#run.process);
  }

  async #startRun(): Promise<Run> {
    const process = startRuntime(this.#runtime);
    const exit = new Promise<number | null>((resolve) => process.once("exit", resolve));
    try {
      await waitUntilHealthy(this.#url, exit, this.#runtime.logFile);
    } catch (error) {
      await endTree(process);
      throw error;
    }
    const cron = startCron(this.#url);
    const watchdog = watchFor(this.#url, this.#options.hungMs ?? hungMsDefault, () => {
      void this.#restart().catch(() => this.#options.onExit?.(null));
    });
    let isWatched = true;
    const unwatch = (): void => {
      isWatched = false;
      watchdog.stop();
      cron.stop();
    };
    void exit.then((code) => {
      const isUnexpected = isWatched && !this.#isStopping;
      unwatch();
      if (isUnexpected) this.#options.onExit?.(code);
    });
    return { process, unwatch };
  }

  /** A hung runtime handles no signal, so it is killed. Tasks that ran in it lose an attempt and continue. */
  async #restart(): Promise<void> {
    const hung = this.#run;
    if (hung === null) return;
    hung.unwatch();
    await killTree(hung.process);
    if (this.#isStopping) return;
    await prepareDatabase(this.#runtime.stateDir, [countHungSql, voidLeasesSql]);
    if (this.#isStopping) return;
    const next = await this.#startRun();
    if (this.#isStopping) {
      next.unwatch();
      await endTree(next.process);
      return;
    }
    this.#run = next;
    this.#options.onHung?.();
  }
}

function createFolder(stateDir: string): void {
  try {
    fs.mkdirSync(stateDir, { recursive: true });
    // A pseudo file system, such as /proc, allows access and holds no files.
    const probe = path.join(stateDir, `.probe-${process.pid}`);
    fs.writeFileSync(probe, "fleet");
    const isKept = fs.readFileSync(probe, "utf8") === "fleet";
    fs.rmSync(probe);
    if (!isKept) throw new Error("it keeps no files");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new Error(`STATE_DIR ${stateDir} is not writable (${code}): name another folder.`);
  }
}

/** Without this check, another fleet on the port would answer instead of this one. */
async function mustBeFree(port: number): Promise<void> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", () =>
      reject(new Error(`Port ${port} is in use: stop the other process, or set PORT.`)),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
