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
import { op } from "../protocol.ts";
import { type Answer, Calls } from "./calls.ts";
import { Lines } from "./lines.ts";
import { cut, parseJson, thrownError } from "./outcome.ts";
import type { Due } from "./timers.ts";
import { lockedIn, Workspace } from "./workspace.ts";

/** The consumer's end of one run, called over RPC. */
export interface Host {
  fetch(request: GuestRequest): Promise<GuestResponse>;
  call(tool: string, argumentsJson: string, changes: FileChanges): Promise<ToolAnswer>;
  /** Settles when the run is to be aborted. */
  aborted(): Promise<void>;
}

/** What the Worker around a program sees: the workspace is sent when the run is admitted. */
export interface RunHost extends Host {
  files(): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** A program's world as the event loop drives it. */
export interface World {
  /** Settles when the program may continue; undefined if it may continue at once. */
  ready(): Promise<void> | undefined;
  /** Runs everything that is ready. Returns why the run ends here, or undefined. */
  turn(): Promise<RunError | undefined> | RunError | undefined;
  deliver(answer: Answer): Promise<void> | void;
  fire(timer: number): Promise<void> | void;
  nextTimer(isIdle: boolean): Due;
  /** The error of a program that has not settled and has nothing left to wait for. */
  stallError(): RunError;
  /** Called when nothing is left to wait for, so that the program can add its last work. */
  end(): Promise<void> | void;
}

/** One run of a program: its files, its calls, its output and its end, whatever runs it. */
export class Run {
  readonly limits: RunLimits;
  readonly workspace: Workspace;
  readonly calls: Calls;
  readonly #logs: Lines;
  readonly #startedAt = Date.now();
  #value: string | null = null;
  error: RunError | null = null;
  isSettled = false;
  hasExited = false;

  constructor(
    files: ReadonlyMap<string, Uint8Array>,
    readOnly: string | null,
    limits: RunLimits,
    host: Host,
  ) {
    this.limits = limits;
    this.workspace = new Workspace(files, lockedIn(readOnly));
    this.calls = new Calls(host, this.workspace);
    this.#logs = new Lines(limits.logBytes);
  }

  /**
   * The event loop, as Node has it: it runs what is ready, delivers answers of host calls, fires timers,
   * and ends when nothing is left to wait for.
   */
  async loop(world: World): Promise<RunError | null> {
    let isEnding = false;
    for (;;) {
      const ready = world.ready();
      if (ready !== undefined) await ready;
      const stopError = (await world.turn()) ?? this.error;
      if (this.hasExited) return null;
      if (stopError) return stopError;
      const msLeft = this.limits.wallMs - (Date.now() - this.#startedAt);
      if (msLeft <= 0) return limitError("deadline");
      if (this.calls.wasAborted) return limitError("aborted");

      const answer = this.calls.takeAnswer();
      if (answer) {
        await world.deliver(answer);
        continue;
      }
      const due = world.nextTimer(this.calls.pending === 0);
      if (due.kind === "fire") await world.fire(due.id);
      else if (due.kind === "wait") await this.calls.wait(Math.min(due.ms, msLeft));
      else if (this.calls.pending > 0) await this.calls.wait(msLeft);
      else if (!this.isSettled) return world.stallError();
      else if (isEnding) return null;
      else {
        isEnding = true;
        await world.end();
      }
    }
  }

  /** Records what a program reports about itself; false if the operation is another one. */
  record(code: number, text: string): boolean {
    switch (code) {
      case op.log:
        this.#logs.add(parseJson(text));
        return true;
      case op.done: {
        const value: unknown = parseJson(text);
        this.isSettled = true;
        this.#value = typeof value === "string" ? cut(value, this.limits.valueBytes) : null;
        return true;
      }
      case op.failed:
        this.error ??= thrownError(parseJson(text));
        return true;
      case op.exit:
        this.isSettled = true;
        this.hasExited = true;
        return true;
      default:
        return false;
    }
  }

  outcome(error: RunError | null, fuel: number): RunOutcome {
    const keeps = error === null || error.kind === "thrown" || error.kind === "stalled";
    return {
      value: error ? null : this.#value,
      logs: this.#logs.text(),
      error,
      changes: keeps ? this.workspace.changes : new Map(),
      usage: { fuel, hostCalls: this.calls.started, durationMs: Date.now() - this.#startedAt },
    };
  }
}
