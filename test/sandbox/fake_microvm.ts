/**
 * A fake container in the SDK's shapes: an in-memory disk whose `exec` understands only the runner. Programs run in the interpreter in place of the image's Node; the runner itself is tested with a
 * real Node by test/fleet/sandbox. It knows a handful of shell commands.
 */
import { env } from "cloudflare:workers";
import type { HostTarget } from "../../consumer/sandbox/host_target.ts";
import { isolateEngine } from "../../consumer/sandbox/isolate.ts";
import type { MicroVmClient } from "../../consumer/sandbox/microvm/client.ts";
import { limits } from "./running.ts";

interface Order {
  kind: "code" | "shell";
  command?: string;
  tools: string[];
  files: Record<string, string>;
  deleted: string[];
  limits: { wallMs: number; logBytes: number };
}

export class FakeMicroVm implements MicroVmClient {
  readonly written: string[] = [];
  readonly sent: string[][] = [];
  destroyed = 0;
  /** The failure that the next exec simulates instead of running. */
  failing: "never answers" | "throws" | "lies" | null = null;
  #disk = new Map<string, string>();
  #files = new Map<string, Uint8Array>();
  #host: HostTarget | null = null;
  /** The program's own text: the fake runs it, because the interpreter prepares it itself. */
  readonly #codeOf: () => string;

  constructor(codeOf: () => string) {
    this.#codeOf = codeOf;
  }

  async mkdir(path: string) {
    return { success: true, path, recursive: true, timestamp: "" };
  }

  async writeFile(path: string, content: ReadableStream<Uint8Array>) {
    this.written.push(path);
    this.#disk.set(path, await new Response(content).text());
  }

  async readFile(path: string) {
    const text = this.#disk.get(path);
    if (text === undefined) throw new Error(`FILE_NOT_FOUND ${path}`);
    const body = new Blob([text]);
    return { content: body.stream(), size: body.size };
  }

  async serve(host: HostTarget): Promise<void> {
    this.#host = host;
    await host.aborted();
    this.#host = null;
  }

  async destroy(): Promise<void> {
    this.destroyed += 1;
  }

  async exec(command: string) {
    if (this.failing === "throws") throw new Error("ContainerUnavailableError");
    if (this.failing === "never answers") await new Promise(() => {});
    const order = JSON.parse(this.#disk.get("/tmp/flotilla/in.json") ?? "{}") as Order;
    this.sent.push(Object.keys(order.files));
    for (const path of order.deleted) this.#files.delete(path);
    for (const [path, base64] of Object.entries(order.files)) {
      this.#files.set(path, Uint8Array.fromBase64(base64));
    }
    const report = this.failing === "lies" ? lies : await this.#report(order);
    this.#disk.set("/tmp/flotilla/out.json", JSON.stringify(report));
    return {
      ...{ success: true, exitCode: 0, stdout: "", stderr: "" },
      ...{ command, duration: 1, timestamp: "" },
    };
  }

  async #report(order: Order): Promise<object> {
    if (order.kind === "shell") return this.#shell(order.command ?? "");
    const host = this.#host;
    if (host === null) throw new Error("no host serves this container");
    const outcome = await isolateEngine(env.LOADER).run(
      { code: this.#codeOf(), files: this.#files, tools: order.tools },
      {
        fetch: (request) => host.fetch(request),
        call: (tool, json) => host.call(tool, json),
      },
      { ...limits, wallMs: order.limits.wallMs, logBytes: order.limits.logBytes },
      new AbortController().signal,
    );
    for (const [path, bytes] of outcome.changes) {
      if (bytes === null) this.#files.delete(path);
      else this.#files.set(path, bytes);
    }
    const { error, value, logs, changes } = outcome;
    const files = [...changes].flatMap(([path, bytes]) =>
      bytes === null ? [] : [[path, bytes.toBase64()] as const],
    );
    return {
      ...{ code: error === null ? 0 : 1, signal: null, logs, left: 0 },
      timedOut: error?.kind === "deadline" || error?.kind === "fuel",
      ended: error === null ? { value } : { error },
      files: Object.fromEntries(files),
      deleted: [...changes].flatMap(([path, bytes]) => (bytes === null ? [path] : [])),
    };
  }

  #shell(command: string): object {
    const ending = { signal: null, timedOut: false, left: 0, ended: null, files: {}, deleted: [] };
    const cat = /^cat (\S+)$/.exec(command)?.[1];
    const bytes = cat === undefined ? undefined : this.#files.get(cat);
    if (bytes !== undefined) return { ...ending, code: 0, logs: new TextDecoder().decode(bytes) };
    const [, text, to] = /^echo (.*) > (\S+)$/.exec(command) ?? [];
    if (text !== undefined && to !== undefined) {
      const fileBytes = new TextEncoder().encode(`${text}\n`);
      this.#files.set(to, fileBytes);
      return { ...ending, code: 0, logs: "", files: { [to]: fileBytes.toBase64() } };
    }
    return { ...ending, code: 127, logs: `bash: ${command}: command not found\n` };
  }
}

/** A report that a program with control of its container may have written. */
const lies = {
  code: 0,
  timedOut: false,
  logs: "x".repeat(1_000_000),
  left: -5,
  ended: { value: { not: "text" }, error: { kind: "fuel", name: 7, message: null, extra: "x" } },
  files: { "../../escape": "AAAA", "/etc/passwd": "AAAA", ok: "AAAA" },
  deleted: ["nothing/there"],
};
