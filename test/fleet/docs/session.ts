/**
 * A reader at a terminal: a folder like the repository's, a fleet that the examples start and stop, and
 * a shell that keeps the variables that one example sets for the next.
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import type http from "node:http";
import type net from "node:net";
import path from "node:path";
import { type DevServer, startDevServer } from "../../../producer/local/dev_server.ts";
import { freePort, newState } from "../local/fleet.ts";
import { announced, elsewhere } from "./elsewhere.ts";
import { startModel } from "./model.ts";
import { root } from "./page.ts";

/** What the documents call the fleet and the endpoint of a model. */
const fleetAddress = "http://127.0.0.1:8787";
const modelAddress = "http://127.0.0.1:11434/v1";
/** Shorter than the test's timeout, so that the output of a hanging example is reported. */
export const patienceMs = 110_000;
/** Examples that wait for the cron get it this often instead of once a minute. */
const cronEveryMs = 2_000;
/** Folders that examples read from the repository; what they write stays outside. */
const read = ["policies", "shared", "producer", "wrangler.producer.toml", "node_modules/openai"];

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

export class Reader {
  readonly #state = newState();
  readonly #variables = path.join(this.#state.dir, "variables");
  readonly #skipped = path.join(this.#state.dir, "skipped");
  readonly #port: number;
  readonly #model: http.Server;
  #fleet: DevServer | null = null;
  /** The variables with which the fleet was started. */
  #started = "";

  private constructor(port: number, model: http.Server) {
    this.#port = port;
    this.#model = model;
    fs.mkdirSync(path.join(this.#state.dir, "node_modules"));
    for (const name of read) {
      fs.symlinkSync(path.join(root, name), path.join(this.#state.dir, name));
    }
    fs.writeFileSync(this.#variables, "");
    fs.writeFileSync(this.#skipped, "");
  }

  static async sitDown(): Promise<Reader> {
    return new Reader(await freePort(), await startModel());
  }

  async leave(): Promise<void> {
    await this.#fleet?.stop();
    this.#model.close();
    this.#state.remove();
  }

  /** The commands that were not run, as `elsewhere` names them. */
  skipped(): string[] {
    const lines = fs.readFileSync(this.#skipped, "utf8").split("\n");
    return [...new Set(lines.filter((line) => line !== ""))];
  }

  /** Runs `npm start` with these variables. */
  async start(variables: Record<string, string>): Promise<void> {
    const variablesText = JSON.stringify(variables);
    if (variablesText === this.#started) return;
    await this.#fleet?.stop();
    this.#started = variablesText;
    const environment = Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, this.#here(value)]),
    );
    const folder = environment.FLEET_POLICY_DIR;
    if (folder !== undefined) environment.FLEET_POLICY_DIR = path.join(this.#state.dir, folder);
    this.#fleet = await startDevServer({
      port: this.#port,
      stateDir: path.join(this.#state.dir, ".wrangler/state"),
      environment,
      quiet: true,
    });
  }

  /** The variables with which a command such as `MODEL=… npm start` starts the fleet. */
  async variablesOf(script: string): Promise<Record<string, string>> {
    const ran = await this.#shell(`npm() { env -0; }\n${script}`, []);
    if (ran.code !== 0) throw new Error(ran.err);
    const pairs = ran.out.split("\0").map((pair) => pair.split(/=(.*)/s));
    const names = new Set([...script.matchAll(/\b([A-Z_]+)=/g)].map(([, name]) => name));
    return Object.fromEntries(
      pairs.filter(([name]) => names.has(name)).map(([a = "", b = ""]) => [a, b]),
    );
  }

  /** Runs one example. What it sets is there for those after it. */
  async run(script: string): Promise<Ran> {
    const names = [...new Set([...script.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name ?? ""))];
    return this.#shell(await this.#named(script), names);
  }

  async #shell(script: string, keptNames: readonly string[]): Promise<Ran> {
    // A variable of one command, `NAME=value command`, is unset afterwards.
    const exportLines = keptNames.map(
      (name) => `declare -p ${name} >> ${this.#variables} 2> /dev/null || true`,
    );
    const fullScript = [`. ${this.#variables}`, prelude, this.#here(script), ...exportLines].join(
      "\n",
    );
    const child = spawn("bash", ["-eu", "-o", "pipefail", "-c", fullScript], {
      cwd: this.#state.dir,
      env: {
        PATH: `${path.join(root, "node_modules/.bin")}:${process.env.PATH}`,
        HOME: this.#state.dir,
        FLEET_URL: this.#address(),
        REPOSITORY: root,
        SKIPPED: this.#skipped,
        NO_COLOR: "1",
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_HIDE_BANNER: "true",
      },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that what hangs goes with all that it started.
      detached: true,
    });
    const timer = setTimeout(() => process.kill(-(child.pid ?? 0), "SIGKILL"), patienceMs);
    const cron = setInterval(() => void this.#runCron(), cronEveryMs);
    let out = "";
    let err = "";
    child.stdout.on("data", (part: Buffer) => (out += part.toString()));
    child.stderr.on("data", (part: Buffer) => (err += part.toString()));
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    clearTimeout(timer);
    clearInterval(cron);
    return { code, out, err };
  }

  async #runCron(): Promise<void> {
    const url = `${this.#address()}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`;
    await fetch(url).then(
      (response) => response.body?.cancel(),
      () => undefined,
    );
  }

  /** Fills in what a page leaves to its reader: the repository's folder, an environment, the newest batch or task. */
  async #named(script: string): Promise<string> {
    let completeScript = script.replaceAll("<repository>", root).replaceAll("<e>", "production");
    for (const [placeholder, kind] of [
      ["<batch>", "batches"],
      ["<task>", "tasks"],
    ] as const) {
      if (!completeScript.includes(placeholder)) continue;
      const headers = { authorization: `Bearer ${this.#fleet?.key ?? ""}` };
      const answer = await fetch(`${this.#address()}/v1/${kind}?limit=1`, { headers });
      const lists = (await answer.json()) as Record<string, { id: string }[]>;
      completeScript = completeScript.replaceAll(placeholder, lists[kind]?.[0]?.id ?? placeholder);
    }
    return completeScript;
  }

  readonly #address = () => `http://127.0.0.1:${this.#port}`;

  #here(script: string): string {
    const { port } = this.#model.address() as net.AddressInfo;
    return script
      .replaceAll(fleetAddress, this.#address())
      .replaceAll(modelAddress, `http://127.0.0.1:${port}/v1`);
  }
}

/** A command as the shell matches it, its `*` open, or as it prints it. */
const spelt = (command: string, isWhole = false): string =>
  isWhole
    ? `'${command}'`
    : command
        .split("*")
        .map((part) => (part === "" ? "" : `'${part}'`))
        .join("*");

/**
 * A 4xx is an error of curl, and a file that is not there too; `npx` asks no registry. What is `elsewhere`
 * is written down and not run.
 */
const prelude = `
tried() {
  case "$*" in
${elsewhere.map(([command]) => `    ${spelt(command)}) echo ${spelt(command, true)} >> "$SKIPPED" ;;`).join("\n")}
    *) return 1 ;;
  esac
}
ends() {
  local code=0
  "\${@:2}" || code=$?
  case "$code $1" in
${announced.map(({ command, code }) => `    "${code} "${spelt(command)}) return 0 ;;`).join("\n")}
    *) return $code ;;
  esac
}
curl() { command curl --no-progress-meter --fail-with-body "$@"; }
ollama() { tried "ollama $*"; }
npm() {
  tried "npm $*" && return
  case "$*" in
    "run deploy -- "*) (cd "$REPOSITORY" && node producer/deploy/index.ts "\${@:4}") ;;
    *) echo "no example runs npm $*" >&2; return 1 ;;
  esac
}
npx() {
  tried "npx $*" && return
  case "$1" in
    fleet) ends "npx $*" node "$REPOSITORY/producer/cli/fleet.mjs" "\${@:2}" ;;
    *) "$@" ;;
  esac
}
`;
