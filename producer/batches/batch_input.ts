/**
 * Reads a batch's tasks one after the other and writes them to R2 as they are checked: 100 MB of lines
 * pass through an isolate that holds one line and one part. Every invalid line is reported; after the
 * first one nothing more is written.
 */
import { createHash } from "node:crypto";
import { batchLimits, taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import { canonicalJson } from "../../shared/text/canonical_json.ts";
import type { Detail, Problem } from "../http/problem.ts";
import { checkWithDefaults } from "../tasks/check/check.ts";
import type { CheckScope } from "../tasks/check/check_scope.ts";
import { joinPath } from "../tasks/check/field_path.ts";
import { ObjectWriter } from "./object_writer.ts";

/** One task as it was sent, or why its text is invalid; too_large ends the batch. `line` is null in a JSON body. */
export interface Entry {
  line: number | null;
  body: Result<unknown, Problem>;
}

export interface BatchInput {
  total: number;
  /** The hash of the canonical text of all lines, in order. */
  sha256: string;
}

/** What the entries are, and what they are checked with. */
export interface InputSource {
  entries: AsyncIterable<Entry>;
  defaults: DurableTask;
  scope: CheckScope;
}

const encoder = new TextEncoder();

/** Checks every entry and writes it. Either the whole input is in R2 afterwards, or nothing of it. */
export async function storeBatchInput(
  bucket: R2Bucket,
  key: string,
  { entries, defaults, scope }: InputSource,
): Promise<Result<BatchInput, Problem>> {
  const writer = new ObjectWriter(bucket, key, "application/x-ndjson");
  const hash = createHash("sha256");
  try {
    const result = await checkEntries(entries, defaults, scope, async (entry, faults) => {
      if (faults.any) return;
      hash.update(canonicalJson(entry.body)).update("\n");
      await writer.write(entry.bytes);
    });
    if (result.ok && !result.value.faults.any) {
      await writer.finish();
      return ok({ total: result.value.total, sha256: hash.digest("hex") });
    }
    await writer.abort();
    return result.ok ? err(result.value.faults.problem()) : result;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** A valid task, as it was sent and with its defaults. */
export interface ValidEntry {
  place: EntryPlace;
  body: unknown;
  task: DurableTask;
  bytes: Uint8Array;
}

/** Checks every entry and passes on each valid one, in order. Ends early only when a limit of the batch is exceeded. */
export async function checkEntries(
  entries: AsyncIterable<Entry>,
  defaults: DurableTask,
  scope: CheckScope,
  take: (entry: ValidEntry, faults: Faults) => Promise<void>,
): Promise<Result<{ total: number; faults: Faults }, Problem>> {
  const faults = new Faults();
  const customIds = new Map<string, number>();
  const defaultBytes = encoder.encode(JSON.stringify(defaults)).byteLength;
  let total = 0;
  for await (const { line, body } of entries) {
    const place = { line, index: total++ };
    if (total > batchLimits.tasksMax) return err(tooManyTasks);
    // Buffered lines are read without a pause: other requests, health checks too, need a turn.
    if (total % batchLimits.linesPerTurnMax === 0) await new Promise((go) => setTimeout(go, 0));
    if (!body.ok) {
      if (body.error.kind === "too_large") return body;
      faults.addProblem(place, body.error);
      continue;
    }
    const result = checkWithDefaults(body.value, defaults, scope);
    const details = result.ok ? [] : [...result.error];
    details.push(...batchFieldFaults(body.value, place, customIds));
    const bytes = encoder.encode(`${JSON.stringify(body.value)}\n`);
    if (bytes.byteLength + defaultBytes > taskLimits.bodyBytesMax) {
      details.push({ path: "", message: tooLong });
    }
    faults.add(place, details);
    if (result.ok && details.length === 0) {
      await take({ place, body: body.value, task: result.value, bytes }, faults);
    }
  }
  return total === 0 ? err(noTasks) : ok({ total, faults });
}

/** Fields that a task of a batch must not have, or must not share with another. Notes its custom_id. */
function batchFieldFaults(
  body: unknown,
  { line, index }: EntryPlace,
  customIds: Map<string, number>,
): Detail[] {
  if (typeof body !== "object" || body === null) return [];
  const details: Detail[] = [];
  if ("idempotency_key" in body) {
    const message =
      "is not allowed in a task of a batch: send the header Idempotency-Key for the whole batch, and identify tasks by custom_id";
    details.push({ path: "idempotency_key", message });
  }
  if ("custom_id" in body && typeof body.custom_id === "string") {
    const earlier = customIds.get(body.custom_id);
    if (earlier === undefined) customIds.set(body.custom_id, line ?? index);
    else {
      const where = line === null ? `in tasks[${earlier}]` : `on line ${earlier}`;
      const message = `${JSON.stringify(body.custom_id)} is already used ${where}: give each task its own`;
      details.push({ path: "custom_id", message });
    }
  }
  return details;
}

const tooLong = `a task with its defaults may have up to ${taskLimits.bodyBytesMax} bytes: upload long material with PUT /v1/inputs/<key> and name it in "files" as {"r2": "<key>"}`;

export const longLine: Problem = { kind: "unreadable", message: tooLong };

const tooManyTasks: Problem = {
  kind: "too_large",
  message: `a batch may have up to ${batchLimits.tasksMax.toLocaleString("en")} tasks: send several batches`,
};

const noTasks: Problem = {
  kind: "refused",
  message: "the batch has no tasks: send at least one",
  details: [{ path: "tasks", message: "is empty: send at least one task" }],
};

/** The place of a task: on a line, or in the list of a JSON body. */
export interface EntryPlace {
  line: number | null;
  index: number;
}

/** The faults of a batch: the first places in full, the others as a number. */
export class Faults {
  readonly #details: Detail[] = [];
  #lines = 0;
  #unlistedCount = 0;
  #unreadable = false;

  get any(): boolean {
    return this.#lines > 0;
  }

  get details(): readonly Detail[] {
    return this.#details;
  }

  /** How many places are counted but not in `details`. */
  get unlisted(): number {
    return this.#unlistedCount;
  }

  add(place: EntryPlace, details: readonly Detail[]): void {
    if (details.length === 0) return;
    this.#lines++;
    if (this.#lines > batchLimits.badLinesReportedMax) this.#unlistedCount++;
    else for (const detail of details) this.#details.push(withPlace(place, detail));
  }

  /** An entry whose text is invalid. */
  addProblem(place: EntryPlace, problem: Problem): void {
    this.#unreadable ||= problem.kind === "unreadable";
    const details = problem.kind === "refused" ? problem.details : [];
    this.add(place, details.length > 0 ? details : [{ path: "", message: problem.message }]);
  }

  problem(): Problem {
    const tasks = this.#lines === 1 ? "1 task is" : `${this.#lines} tasks are`;
    const rest = this.#unlistedCount === 0 ? "" : ` (${this.#unlistedCount} more are not listed)`;
    const message = `${tasks} invalid, so no task was accepted: fix what details lists${rest} and send the batch again`;
    const kind = this.#unreadable ? "unreadable" : "refused";
    return { kind, message, details: this.#details };
  }
}

function withPlace({ line, index }: EntryPlace, detail: Detail): Detail {
  if (line !== null) return { line, ...detail };
  return { ...detail, path: joinPath(`tasks[${index}]`, detail.path) };
}
