import type {
  FileChanges,
  GuestRequest,
  GuestResponse,
  RunError,
  RunLimits,
  RunOutcome,
  ToolAnswer,
} from "../../engine.ts";
import { limitError } from "../../limit_error.ts";
import { Calls } from "./calls.ts";
import { halted } from "../quickjs/faults.ts";
import { Lines } from "./lines.ts";
import { type HostAnswer, Machine, type Template } from "../quickjs/machine.ts";
import { Operations } from "./operations.ts";
import { op } from "../protocol.ts";
import { cut, parsed, thrownError } from "./outcome.ts";
import { Timers } from "./timers.ts";
import type { Prepared } from "../transform/transform.ts";
import { lockedIn, Workspace } from "./workspace.ts";

/** The consumer's end of one run, called over RPC. */
export interface Host {
  fetch(request: GuestRequest): Promise<GuestResponse>;
  call(tool: string, argumentsJson: string, changes: FileChanges): Promise<ToolAnswer>;
  /** Settles when the run is to be aborted. */
  aborted(): Promise<void>;
}

/** As the interpreter's Worker sees it: the workspace follows once the run is admitted. */
export interface RunHost extends Host {
  files(): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** The share of its memory from which on running out of it explains a failure without an error. */
const exhaustedShare = 0.8;

/** Memory lent beyond the limit while a failure is described, so that "out of memory" can be said. */
export const descriptionBytes = 1_000_000;

/**
 * One run: an instance, its event loop, its end. The loop does as Node does: it runs jobs,
 * delivers answers of host calls and timers, and ends when nothing is left to wait for.
 */
export class Session {
  readonly #limits: RunLimits;
  readonly #workspace: Workspace;
  readonly #calls: Calls;
  readonly #timers: Timers;
  readonly #logs: Lines;
  readonly #startedAt = Date.now();
  #machine: Machine | null = null;
  #operations: Operations | null = null;
  #value: string | null = null;
  #error: RunError | null = null;
  #settled = false;
  #failing = false;
  #exited = false;

  constructor(
    files: ReadonlyMap<string, Uint8Array>,
    readOnly: string | null,
    limits: RunLimits,
    host: Host,
  ) {
    this.#limits = limits;
    this.#workspace = new Workspace(files, lockedIn(readOnly));
    this.#calls = new Calls(host, this.#workspace);
    this.#timers = new Timers();
    this.#logs = new Lines(limits.logBytes);
  }

  async run(template: Template, prepared: Prepared, tools: readonly string[]): Promise<RunOutcome> {
    if (!prepared.ok) {
      const { name, message, stack } = prepared;
      return this.#outcome({ kind: "syntax", name, message, stack }, 0);
    }
    const { fuel, memoryBytes } = this.#limits;
    const machine = await Machine.fromTemplate(template, {
      fuel,
      memoryBytes,
      clock: () => this.#timers.now(),
      host: (code, text, bytes) => this.#answer(code, text, bytes),
    });
    this.#machine = machine;
    this.#operations = new Operations(this.#workspace, (units) => machine.charge(units));
    let error: RunError | null;
    let isWhole = false;
    try {
      const program = machine.evaluate(prepared.source, "program.js");
      const shift = prepared.firstLineShift;
      machine.dispatch("start", JSON.stringify({ tools, shift }), program);
      error = await this.#loop(machine);
      isWhole = true;
    } catch (thrown) {
      error = this.#explained(halted(thrown, machine.fuel, this.#failing, prepared.firstLineShift));
    } finally {
      this.#calls.close();
    }
    const burnt = fuel - Math.max(0, machine.fuel);
    // One that an exception went through may have kept more than its memory tells.
    if (isWhole) machine.release(template);
    return this.#outcome(error, burnt);
  }

  async #loop(machine: Machine): Promise<RunError | null> {
    for (;;) {
      machine.runJobs();
      if (this.#exited) return null;
      if (this.#error) return this.#error;
      if (this.#failing) return limitError("memory");
      const left = this.#limits.wallMs - (Date.now() - this.#startedAt);
      if (left <= 0) return limitError("deadline");
      if (this.#calls.wasAborted) return limitError("aborted");

      const answer = this.#calls.takeAnswer();
      if (answer) {
        machine.dispatch("answer", answer.text, answer.bytes);
        continue;
      }
      const due = this.#timers.take(this.#calls.pending === 0);
      if (due.kind === "fire") {
        machine.dispatch("timer", String(due.id), null);
      } else if (due.kind === "wait") {
        await this.#calls.wait(Math.min(due.ms, left));
      } else if (this.#calls.pending > 0) {
        await this.#calls.wait(left);
      } else {
        if (this.#settled) return null;
        return limitError(this.#isExhausted() ? "memory" : "stalled");
      }
    }
  }

  #answer(code: number, text: string, bytes: Uint8Array | null): HostAnswer {
    switch (code) {
      case op.log:
        this.#machine?.charge(text.length / 16);
        this.#logs.add(parsed(text));
        return undefined;
      case op.done: {
        const value: unknown = parsed(text);
        this.#settled = true;
        this.#value = typeof value === "string" ? cut(value, this.#limits.valueBytes) : null;
        return undefined;
      }
      case op.failing:
        this.#failing = true;
        this.#machine?.limitMemory(this.#limits.memoryBytes + descriptionBytes);
        return undefined;
      case op.failed:
        this.#failing = false;
        this.#error ??= this.#explained(thrownError(parsed(text)));
        return undefined;
      case op.exit:
        this.#settled = true;
        this.#exited = true;
        return undefined;
      case op.call:
        this.#machine?.charge(1_000 + (text.length + (bytes?.length ?? 0)) / 16);
        return this.#calls.start(text, bytes);
      case op.timer:
        this.#timers.set(parsed(text));
        return undefined;
      case op.clear:
        this.#timers.clear(parsed(text));
        return undefined;
      default:
        return this.#operations?.answer(code, text, bytes);
    }
  }

  /** With no memory left for an error object, the engine throws null. */
  #explained(error: RunError): RunError {
    const isNull = error.kind === "thrown" && error.message === "null";
    return isNull && this.#isExhausted() ? limitError("memory") : error;
  }

  #isExhausted(): boolean {
    return (this.#machine?.heapBytes ?? 0) >= this.#limits.memoryBytes * exhaustedShare;
  }

  #outcome(error: RunError | null, fuel: number): RunOutcome {
    const keeps = error === null || error.kind === "thrown" || error.kind === "stalled";
    return {
      value: error ? null : this.#value,
      logs: this.#logs.text(),
      error,
      changes: keeps ? this.#workspace.changes : new Map(),
      usage: { fuel, hostCalls: this.#calls.started, durationMs: Date.now() - this.#startedAt },
    };
  }
}
