import { RpcTarget } from "cloudflare:workers";
import { sandboxLimits } from "../../shared/limits.ts";
import { withTimeout } from "../../shared/platform/timeout.ts";
import { disposable } from "./disposable.ts";
import type {
  Capabilities,
  FileChanges,
  GuestRequest,
  GuestResponse,
  Program,
  ToolAnswer,
} from "./engine.ts";
import { bytesIn, parseChanges, tooManyChanges } from "./untrusted_outcome.ts";

/**
 * What a run inside a Dynamic Worker can reach: its workspace, its tools and the gateway,
 * for its own time only. Everything that arrives here may come from a hostile program.
 */
export class HostTarget extends RpcTarget {
  readonly #program: Program;
  readonly #capabilities: Capabilities;
  readonly #signal: AbortSignal;
  readonly #ended = Promise.withResolvers<void>();
  #callCount = 0;
  /** The bytes of the files that calls in progress have handed over. */
  #handedBytes = 0;
  #closed = false;
  readonly #admitted = Promise.withResolvers<void>();
  #hangs = false;

  constructor(program: Program, capabilities: Capabilities, signal: AbortSignal) {
    super();
    this.#program = program;
    this.#capabilities = capabilities;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#ended.resolve(), { once: true });
  }

  /** The number of calls so far. */
  get calls(): number {
    return this.#callCount;
  }

  /** Called when its turn comes by a program that had to wait, or whose workspace was not sent with the run. */
  files(): ReadonlyMap<string, Uint8Array> {
    this.#admitted.resolve();
    return this.#program.files;
  }

  async fetch(request: GuestRequest): Promise<GuestResponse> {
    this.#count();
    return this.#capabilities.fetch({
      url: String(request.url),
      method: String(request.method),
      headers: request.headers.map(([name, value]) => [String(name), String(value)]),
      body: request.body instanceof Uint8Array ? request.body : null,
    });
  }

  async call(
    tool: string,
    argumentsJson: string,
    changes: FileChanges = new Map(),
  ): Promise<ToolAnswer> {
    this.#count();
    if (typeof argumentsJson !== "string" || !this.#program.tools.includes(tool)) {
      return { ok: false, message: `There is no tool named ${JSON.stringify(String(tool))}.` };
    }
    const parsed = parseChanges(changes);
    if (parsed === null) return { ok: false, message: tooManyChanges, kept: false };
    const bytes = bytesIn(parsed);
    // A well-behaved program waits for its turn. Other calls are rejected, or each of them would hold a workspace.
    if (this.#handedBytes > 0 && this.#handedBytes + bytes > sandboxLimits.hostCallBytesMax)
      return { ok: false, message: tooManyChanges, kept: false };
    this.#handedBytes += bytes;
    try {
      return await this.#capabilities.call(tool, argumentsJson, parsed);
    } finally {
      this.#handedBytes -= bytes;
    }
  }

  /** True once a run did not answer in time. */
  get hangs(): boolean {
    return this.#hangs;
  }

  /**
   * The answer of a run, or an exception when the engine hangs: before it asked for anything, or long
   * after the program's own deadline. An answer that comes after that is disposed of.
   */
  async outcomeInTime<T extends object>(run: Promise<T>, wallMs: number): Promise<T> {
    let isSettled = false;
    const end = (): void => {
      isSettled = true;
    };
    run.then(end, end);
    try {
      const started = Promise.race([this.#admitted.promise, run]);
      await withTimeout("the interpreter", sandboxLimits.admissionMsMax, started);
      return await withTimeout("the sandbox", wallMs + sandboxLimits.graceMs, run);
    } catch (error) {
      this.#hangs = !isSettled;
      run.then((outcome) => disposable(outcome)[Symbol.dispose]()).catch(() => undefined);
      throw error;
    }
  }

  /** Settles when the run is aborted or over. A program calls it at its first wait, so its turn has come. */
  aborted(): Promise<void> {
    this.#admitted.resolve();
    if (this.#signal.aborted) this.#ended.resolve();
    return this.#ended.promise;
  }

  /** Ends the run's rights: later calls are rejected. */
  close(): void {
    this.#closed = true;
    this.#ended.resolve();
  }

  #count(): void {
    this.#callCount += 1;
    if (this.#signal.aborted) throw new Error("The run was aborted.");
    if (this.#closed || this.#callCount > sandboxLimits.hostCallsMax)
      throw new Error("The run may make no further calls.");
  }
}
