import type { RunError, RunOutcome } from "../../engine.ts";
import { limitError } from "../../limit_error.ts";
import { op } from "../protocol.ts";
import { haltError } from "../quickjs/faults.ts";
import { type HostAnswer, Machine, type Template } from "../quickjs/machine.ts";
import { Explanations } from "../transform/explain.ts";
import type { Prepared } from "../transform/transform.ts";
import type { Answer } from "./calls.ts";
import { Operations } from "./operations/index.ts";
import { parseJson } from "./outcome.ts";
import type { Run, World } from "./run.ts";
import { type Due, Timers } from "./timers.ts";

/** Above this share of its memory, a failure without an error is explained as running out of memory. */
const exhaustedShare = 0.8;

/** Extra memory while a failure is described, so that "out of memory" can be reported. */
export const descriptionBytes = 1_000_000;

/** Fuel for each character of a program, which is parsed before it runs. */
const parseFuel = 10;

/** A run in the interpreter: an instance of it, and what it asks of the isolate around it. */
export class Session implements World {
  readonly #run: Run;
  readonly #dataOnly: boolean;
  readonly #timers = new Timers();
  readonly #explanations: Explanations;
  readonly #prepared: Prepared;
  #machine: Machine | null = null;
  #operations: Operations | null = null;
  #isFailing = false;
  #hasRoom = (): boolean => true;

  constructor(code: string, prepared: Prepared, run: Run, dataOnly: boolean) {
    this.#run = run;
    this.#dataOnly = dataOnly;
    this.#prepared = prepared;
    this.#explanations = new Explanations(code, prepared.ok ? prepared.value : null);
  }

  async run(template: Template, tools: readonly string[]): Promise<RunOutcome> {
    const run = this.#run;
    if (!this.#prepared.ok) return run.outcome({ kind: "syntax", ...this.#prepared.error }, 0);
    const prepared = this.#prepared.value;
    const { fuel, memoryBytes } = run.limits;
    const machine = await Machine.fromTemplate(template, {
      fuel,
      memoryBytes,
      clock: () => this.#timers.now(),
      host: (code, text, bytes) => this.#answer(code, text, bytes),
    });
    this.#machine = machine;
    this.#operations = new Operations({
      workspace: run.workspace,
      dataOnly: this.#dataOnly,
      explanations: this.#explanations,
      charge: (units) => machine.charge(units),
      fuelLeft: () => machine.fuel,
    });
    let error: RunError | null;
    let isWhole = false;
    const grownBytes = (): number => machine.grownBytes(template);
    const leave = template.machines.enter(grownBytes);
    this.#hasRoom = () => template.machines.hasRoom(grownBytes);
    try {
      await this.ready();
      machine.charge(prepared.source.length * parseFuel);
      const program = machine.evaluate(prepared.source, "program.js");
      const { columns, isModule } = prepared;
      await machine.dispatch("start", JSON.stringify({ tools, columns, isModule }), program);
      error = await run.loop(this);
      isWhole = true;
    } catch (thrown) {
      error = this.#explain(haltError(thrown, machine.fuel, this.#isFailing, prepared.columns));
    } finally {
      run.calls.close();
      leave();
    }
    const fuelUsed = fuel - Math.max(0, machine.fuel);
    const shownError =
      error && this.#explanations.limit(error, { fuelUsed: fuelUsed, ...run.limits, machine });
    // After an exception, a machine may hold state that its memory size does not show.
    if (isWhole) machine.release(template);
    return run.outcome(shownError, fuelUsed);
  }

  ready(): Promise<void> | undefined {
    return this.#hasRoom() ? undefined : this.#waitForRoom();
  }

  /** Polled, because a promise that another request resolves would look like a hang. */
  async #waitForRoom(): Promise<void> {
    while (!(this.#hasRoom() || this.#run.calls.wasAborted)) await scheduler.wait(5);
  }

  async turn(): Promise<RunError | undefined> {
    await this.#machine?.runJobs();
    if (this.#run.error) this.#run.error = this.#explain(this.#run.error);
    return this.#isFailing ? limitError("memory") : undefined;
  }

  async deliver({ text, bytes }: Answer): Promise<void> {
    await this.#machine?.dispatch("answer", text, bytes);
  }

  async fire(timer: number): Promise<void> {
    await this.#machine?.dispatch("timer", String(timer), null);
  }

  nextTimer(isIdle: boolean): Due {
    return this.#timers.take(isIdle, this.#run.isSettled);
  }

  stallError(): RunError {
    return limitError(this.#isExhausted() ? "memory" : "stalled");
  }

  async end(): Promise<void> {
    await this.#machine?.dispatch("end", "", null);
  }

  #answer(code: number, text: string, bytes: Uint8Array | null): HostAnswer {
    switch (code) {
      case op.log:
        this.#machine?.charge(text.length / 16);
        break;
      case op.failing:
        this.#isFailing = true;
        this.#machine?.limitMemory(this.#run.limits.memoryBytes + descriptionBytes);
        return undefined;
      case op.failed:
        this.#isFailing = false;
        break;
      case op.call:
        this.#machine?.charge(1_000 + (text.length + (bytes?.length ?? 0)) / 16);
        return this.#run.calls.start(text, bytes, (units) => this.#machine?.charge(units));
      case op.timer:
        this.#timers.set(parseJson(text));
        return undefined;
      case op.clear:
        this.#timers.clear(parseJson(text));
        return undefined;
      case op.ref:
        this.#timers.setRef(parseJson(text));
        return undefined;
      default:
    }
    if (this.#run.record(code, text)) return undefined;
    return this.#operations?.answer(code, text, bytes);
  }

  /** When no memory is left for an error object, the engine throws null. */
  #explain(error: RunError): RunError {
    const isNull = error.kind === "thrown" && error.message === "null";
    return isNull && this.#isExhausted() ? limitError("memory") : error;
  }

  #isExhausted(): boolean {
    return (this.#machine?.heapBytes ?? 0) >= this.#run.limits.memoryBytes * exhaustedShare;
  }
}
