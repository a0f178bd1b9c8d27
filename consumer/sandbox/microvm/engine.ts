import { sandboxLimits, workspaceLimits } from "../../../shared/limits.ts";
import type { SealedLoader } from "../dynamic_worker.ts";
import type { Capabilities, Engine, Program, RunError, RunLimits, RunOutcome } from "../engine.ts";
import { HostTarget } from "../host_target.ts";
import { preparedBy } from "../isolate.ts";
import { limitError } from "../limit_error.ts";
import { parseOutcome, stoppedBy } from "../untrusted_outcome.ts";
import { type MicroVmClient, toolsHost } from "./client.ts";
import runner from "./runner.guest.js";

const root = "/workspace";
const control = "/tmp/flotilla";
const authority = "/etc/cloudflare/certs/cloudflare-containers-ca.crt";

/** What runner.guest.js wrote, as far as it can be read. */
interface Report {
  code: number | null;
  timedOut: boolean;
  logs: string;
  left: number;
  ended: { value?: unknown; error?: Partial<RunError> } | null;
  files: Record<string, string>;
  deleted: string[];
  tooLarge?: boolean;
}

type Work = { kind: "code"; source: string; shift: number } | { kind: "shell"; command: string };

/**
 * The engine with a whole Linux: programs in the image's Node, and commands in its shell. One container
 * serves a slice of a task, from its first run to `close`. Files cross only where they changed. Nothing
 * leaves it but through the capabilities: its network is the outbound handler of microvm/container.ts.
 */
export function microVmEngine(
  open: () => MicroVmClient,
  loader: SealedLoader,
): Engine & Required<Pick<Engine, "shell" | "close">> {
  let vm: MicroVmClient | null = null;
  /** What the container holds, by the very bytes that were sent to it or came from it. */
  const synced = new Map<string, Uint8Array>();

  async function close(): Promise<void> {
    const open = vm;
    vm = null;
    synced.clear();
    await open?.destroy();
  }

  async function started(): Promise<MicroVmClient> {
    if (vm !== null) return vm;
    vm = open();
    await vm.mkdir(control, { recursive: true });
    await vm.mkdir(root, { recursive: true });
    await vm.writeFile(`${control}/runner.mjs`, streamOf(runner));
    return vm;
  }

  async function perform(
    work: Work,
    program: Program,
    capabilities: Capabilities,
    limits: RunLimits,
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    const host = new HostTarget(program, capabilities, signal);
    const late = Promise.withResolvers<"deadline" | "aborted">();
    const timer = setTimeout(
      () => late.resolve("deadline"),
      limits.wallMs + sandboxLimits.vmStartMsMax,
    );
    const abort = (): void => late.resolve("aborted");
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    const startedAt = Date.now();
    try {
      const report = await Promise.race([inside(work, program, limits, host), late.promise]);
      if (typeof report !== "string") {
        const usage = { fuel: 0, hostCalls: host.calls, durationMs: Date.now() - startedAt };
        return outcomeOf(report, work, limits, usage);
      }
      // What does not answer is not used again.
      await close();
      return stoppedBy(limitError(report));
    } catch (error) {
      await close().catch(() => undefined);
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      host.close();
    }
  }

  async function inside(
    work: Work,
    program: Program,
    limits: RunLimits,
    host: HostTarget,
  ): Promise<Report> {
    const machine = await started();
    const { files } = program;
    const sent = [...files].filter(([path, bytes]) => synced.get(path) !== bytes);
    const deleted = [...synced.keys()].filter((path) => !files.has(path));
    const order = {
      ...work,
      tools: program.tools,
      files: Object.fromEntries(sent.map(([path, bytes]) => [path, bytes.toBase64()])),
      deleted,
      limits: { ...workspaceLimits, wallMs: limits.wallMs, logBytes: limits.logBytes },
    };
    await machine.writeFile(`${control}/in.json`, streamOf(JSON.stringify(order)));
    for (const [path, bytes] of sent) synced.set(path, bytes);
    for (const path of deleted) synced.delete(path);
    const serving = machine.serve(host);
    try {
      const answer = await machine.exec(
        `node ${control}/runner.mjs ${root} ${control} http://${toolsHost}`,
        { cwd: root, timeout: limits.wallMs + sandboxLimits.vmStartMsMax, env: trust },
      );
      if (!answer.success)
        throw new Error(`the container's runner failed: ${answer.stderr.slice(0, 500)}`);
    } finally {
      host.close();
      await serving;
    }
    const { content } = await machine.readFile(`${control}/out.json`, { encoding: "none" });
    return JSON.parse(await textWithin(content, reportBytesMax)) as Report;
  }

  function outcomeOf(
    report: Report,
    work: Work,
    limits: RunLimits,
    usage: RunOutcome["usage"],
  ): RunOutcome {
    const changes = new Map<string, Uint8Array | null>();
    for (const path of report.deleted) changes.set(path, null);
    for (const [path, base64] of Object.entries(report.files)) {
      changes.set(path, Uint8Array.fromBase64(base64));
    }
    const left = report.left > 0 ? `\n… ${report.left} more bytes of output were cut off` : "";
    const given = {
      value: report.ended?.value ?? null,
      logs: String(report.logs).replace(/\n$/, "") + left,
      error: errorOf(report, work),
      changes,
      usage,
    };
    const outcome = parseOutcome(given, limits);
    if (report.tooLarge === true || outcome.error?.kind === "too_large") {
      // The container holds what the workspace refused: both begin anew from the workspace.
      synced.clear();
      void close().catch(() => undefined);
    }
    for (const [path, bytes] of outcome.changes) {
      if (bytes === null) synced.delete(path);
      else synced.set(path, bytes);
    }
    return outcome;
  }

  return {
    name: "microvm",
    async run(program, capabilities, limits, signal) {
      const prepared = await preparedBy(loader, program);
      if (!prepared.ok) return prepared.outcome;
      const { source, shift } = prepared;
      return perform({ kind: "code", source, shift }, program, capabilities, limits, signal);
    },
    shell: (program, capabilities, limits, signal) =>
      perform({ kind: "shell", command: program.code }, program, capabilities, limits, signal),
    close,
  };
}

/** Base64 is four thirds of the files; the rest is logs, the value and names. */
const reportBytesMax = Math.ceil(workspaceLimits.bytesMax * 1.4) + 2_000_000;

/** The outbound handler speaks for every host, so the image's programs must trust its authority. */
const trust = {
  NODE_EXTRA_CA_CERTS: authority,
  SSL_CERT_FILE: authority,
  REQUESTS_CA_BUNDLE: authority,
  CURL_CA_BUNDLE: authority,
};

function errorOf(report: Report, work: Work): unknown {
  if (report.tooLarge === true) {
    const message = "The run changed more files, or larger ones, than the workspace holds.";
    return { kind: "too_large", name: "LimitError", message, stack: "" };
  }
  if (report.timedOut) return limitError("deadline");
  if (report.ended?.error !== undefined) return { kind: "thrown", ...report.ended.error };
  if (report.code === 0) return null;
  const name = work.kind === "shell" ? "ExitError" : "Error";
  return { kind: "thrown", name, message: `It ended with exit code ${report.code}.`, stack: "" };
}

function streamOf(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream();
}

async function textWithin(stream: ReadableStream<Uint8Array>, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Error("the container's report is larger than a workspace");
    chunks.push(chunk);
  }
  return new Blob(chunks).text();
}
