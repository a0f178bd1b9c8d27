/**
 * Reads a batch's tasks, one after the other, and writes them to R2 as they are checked: 100 MB of
 * lines pass through an isolate that holds one line and one part. Every bad line is reported, and
 * after the first one nothing more is written.
 */
import { createHash } from "node:crypto";
import { batchLimits, taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { DurableTask } from "../../shared/task.ts";
import type { Detail, Problem } from "../http/problem.ts";
import { canonical } from "../tasks/canonical.ts";
import { type Checked, checkWithDefaults } from "../tasks/check.ts";
import type { CheckScope } from "../tasks/check_scope.ts";
import type { ObjectWriter } from "./object_writer.ts";

/** One task as it was sent, or what is wrong with its text; too_large ends the batch. `line` is null in a JSON body. */
export interface Entry {
  line: number | null;
  body: Result<unknown, Problem>;
}

export interface BatchInput {
  total: number;
  /** Over the canonical text of every line, in order. */
  sha256: string;
}

const encoder = new TextEncoder();

/** Checks and writes every entry. The caller finishes or aborts the writer. */
export async function writeBatchInput(
  entries: AsyncIterable<Entry>,
  defaults: DurableTask,
  scope: CheckScope,
  writer: ObjectWriter,
): Promise<Result<BatchInput, Problem>> {
  const hash = createHash("sha256");
  const checked = await checkEntries(entries, defaults, scope, async (good, faults) => {
    if (faults.any) return;
    hash.update(canonical(good.body)).update("\n");
    await writer.write(good.bytes);
  });
  if (!checked.ok) return checked;
  const { total, faults } = checked.value;
  return faults.any ? err(faults.problem()) : ok({ total, sha256: hash.digest("hex") });
}

/** A task that is to be accepted, as it was sent and with its defaults. */
export interface GoodEntry {
  spot: Spot;
  body: unknown;
  task: DurableTask;
  bytes: Uint8Array;
}

/** Checks every entry and hands on each good one, in order. Ends early only where a bound of the whole is passed. */
export async function checkEntries(
  entries: AsyncIterable<Entry>,
  defaults: DurableTask,
  scope: CheckScope,
  take: (good: GoodEntry, faults: Faults) => Promise<void>,
): Promise<Result<{ total: number; faults: Faults }, Problem>> {
  const faults = new Faults();
  const customIds = new Map<string, number>();
  const defaultBytes = encoder.encode(JSON.stringify(defaults)).byteLength;
  let total = 0;
  for await (const { line, body } of entries) {
    const index = total++;
    if (total > batchLimits.tasksMax) return err(tooManyTasks);
    // Lines that are here already are read without a pause: others, health checks too, get their turn.
    if (total % batchLimits.linesPerTurnMax === 0) await new Promise((go) => setTimeout(go, 0));
    const spot = { line, index };
    if (!body.ok && body.error.kind === "too_large") return body;
    if (!body.ok) {
      const { error: problem } = body;
      const unreadable = problem.kind === "unreadable";
      const told = problem.kind === "refused" ? problem.details : [];
      faults.add(
        spot,
        told.length > 0 ? told : [{ path: "", message: problem.message }],
        unreadable,
      );
      continue;
    }
    const checked = checkWithDefaults(body.value, defaults, scope);
    const details = lineFaults(body.value, checked);
    const customId = customIdOf(body.value);
    if (customId !== null) {
      const earlier = customIds.get(customId);
      if (earlier === undefined) customIds.set(customId, line ?? index);
      else details.push({ path: "custom_id", message: taken(customId, line !== null, earlier) });
    }
    const bytes = encoder.encode(`${JSON.stringify(body.value)}\n`);
    if (bytes.byteLength + defaultBytes > taskLimits.bodyBytesMax) {
      details.push({ path: "", message: tooLong });
    }
    faults.add(spot, details, false);
    if (checked.ok && details.length === 0) {
      await take({ spot, body: body.value, task: checked.task, bytes }, faults);
    }
  }
  return total === 0 ? err(noTasks) : ok({ total, faults });
}

function lineFaults(body: unknown, checked: Checked): Detail[] {
  const details = checked.ok ? [] : [...checked.details];
  if (typeof body === "object" && body !== null && "idempotency_key" in body) {
    const message =
      "belongs to the whole batch: send the header Idempotency-Key, and tell tasks apart by custom_id";
    details.push({ path: "idempotency_key", message });
  }
  return details;
}

function customIdOf(body: unknown): string | null {
  if (typeof body !== "object" || body === null || !("custom_id" in body)) return null;
  return typeof body.custom_id === "string" ? body.custom_id : null;
}

const taken = (id: string, inLines: boolean, earlier: number) =>
  `${JSON.stringify(id)} stands ${inLines ? `on line ${earlier}` : `in tasks[${earlier}]`} already: give each task its own`;

const tooLong = `a task with its defaults may be ${taskLimits.bodyBytesMax} bytes: upload long material with PUT /v1/inputs/<key> and name it in "files" as {"r2": "<key>"}`;

export const longLine: Problem = { kind: "unreadable", message: tooLong };

const tooManyTasks: Problem = {
  kind: "too_large",
  message: `a batch holds at most ${batchLimits.tasksMax.toLocaleString("en")} tasks: send several batches`,
};

const noTasks: Problem = {
  kind: "refused",
  message: "the batch holds no task: send at least one",
  details: [{ path: "tasks", message: "is empty: send at least one task" }],
};

/** Where a task stands: on a line, or in the list of a JSON body. */
export interface Spot {
  line: number | null;
  index: number;
}

/** What is wrong with a batch: the first so many places in full, the rest as a number. */
export class Faults {
  readonly #details: Detail[] = [];
  #lines = 0;
  #unreported = 0;
  #unreadable = false;

  get any(): boolean {
    return this.#lines > 0;
  }

  get details(): readonly Detail[] {
    return this.#details;
  }

  /** How many places are counted and not in `details`. */
  get unreported(): number {
    return this.#unreported;
  }

  add(spot: Spot, details: readonly Detail[], unreadable: boolean): void {
    if (details.length === 0) return;
    this.#lines++;
    this.#unreadable ||= unreadable;
    if (this.#lines > batchLimits.badLinesReportedMax) {
      this.#unreported++;
      return;
    }
    for (const detail of details) this.#details.push(placed(spot, detail));
  }

  problem(): Problem {
    const rest =
      this.#unreported === 0
        ? ""
        : `; the first ${batchLimits.badLinesReportedMax} are listed, ${this.#unreported} more are not`;
    const lines = this.#lines === 1 ? "1 task is" : `${this.#lines} tasks are`;
    const message = `${lines} refused, so nothing is accepted: mend what details names and send the batch again${rest}`;
    return this.#unreadable
      ? { kind: "unreadable", message, details: this.#details }
      : { kind: "refused", message, details: this.#details };
  }
}

function placed(spot: Spot, detail: Detail): Detail {
  if (spot.line !== null) return { line: spot.line, ...detail };
  const { path } = detail;
  const inner = path === "" || path.startsWith("[") ? path : `.${path}`;
  return { ...detail, path: `tasks[${spot.index}]${inner}` };
}
