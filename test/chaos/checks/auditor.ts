/**
 * Observes every write to D1: each is sent in one transaction with a read of the tables after it, one write at a
 * time. It knows the writer and the fences of the writer's own claims, and trusts no output of the product.
 */
import type { Clock } from "../simulation/clock.ts";

/** A writer, and the highest fence that its claims raised for each task. */
export interface Writer {
  name: string;
  kind: "consumer" | "producer";
  /** Only a redrive may leave a terminal status. */
  redrives: boolean;
  /** Only the sweep may remove rows, after their retention time. */
  sweeps: boolean;
  claims: Map<string, number>;
  /** Writes that a seeded bug delays. */
  delayed: (() => Promise<unknown>)[];
}

export interface TaskState {
  id: string;
  status: string;
  reason: string | null;
  fence: number;
  attempt: number;
  lease_until: number | null;
  finished_at: number | null;
  result_key: string | null;
  usage: string;
}

interface StepState {
  id: string;
  seq: number;
  fence: number;
  status: string;
  /** Changes when the content changes. */
  contentMark: string;
}

export interface Snapshot {
  tasks: Map<string, TaskState>;
  steps: Map<string, StepState>;
}

/** A status change of a task, in the order in which D1 applied it. */
export interface Change {
  id: string;
  from: string | null;
  to: string;
  fence: number;
  by: string;
}

export const auditSql = `SELECT
  (SELECT json_group_array(json_object('id', id, 'status', status, 'reason', reason, 'fence', fence,
     'attempt', attempt, 'lease_until', lease_until, 'finished_at', finished_at, 'result_key', result_key, 'usage', usage))
   FROM tasks) AS tasks,
  (SELECT json_group_array(json_object('id', task_id, 'seq', seq, 'fence', fence, 'status', status,
     'mark', duration_ms || ' ' || COALESCE(payload_key, length(payload)))) FROM steps) AS steps`;

export interface AuditRow {
  tasks: string;
  steps: string;
}

/** The default retention of thirty days. */
const retentionMs = 30 * 86_400_000;
const terminal = ["succeeded", "failed", "dead", "cancelled", "expired"];
/** Independent of the product's own table, which is checked against it. */
const transitions: Record<string, readonly string[]> = {
  queued: ["running", "cancelled", "expired", "dead"],
  running: ["queued", ...terminal],
};

export class Auditor {
  readonly changes: Change[] = [];
  readonly violations: string[] = [];
  writes = 0;
  #last: Snapshot = { tasks: new Map(), steps: new Map() };
  #turn: Promise<unknown> = Promise.resolve();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs writes one after the other, each with its read. */
  exclusively<T>(run: () => Promise<T>): Promise<T> {
    const ownTurn = this.#turn.then(run);
    this.#turn = ownTurn.catch(() => undefined);
    return ownTurn;
  }

  observe(row: AuditRow, writer: Writer): void {
    this.writes += 1;
    const tasks = new Map(
      (JSON.parse(row.tasks) as TaskState[]).map((task) => [task.id, task] as const),
    );
    const steps = new Map(
      (JSON.parse(row.steps) as StepState[]).map((step) => [`${step.id} ${step.seq}`, step]),
    );
    for (const task of tasks.values()) this.#task(this.#last.tasks.get(task.id), task, writer);
    for (const [key, step] of steps) this.#step(this.#last.steps.get(key), step, writer);
    for (const [id, before] of this.#last.tasks)
      if (!tasks.has(id)) this.#removed(id, before, writer);
    this.#last = { tasks, steps };
  }

  #removed(id: string, { status, finished_at }: TaskState, writer: Writer): void {
    const old = (finished_at ?? Infinity) <= this.#clock.now() - retentionMs;
    if (!writer.sweeps || !old || !terminal.includes(status))
      this.#blame(writer, `the row of ${id}, which is ${status}, was removed`);
  }

  #task(before: TaskState | undefined, after: TaskState, writer: Writer): void {
    const { id } = after;
    if (before === undefined || before.status !== after.status) {
      const from = before?.status ?? null;
      this.changes.push({ id, from, to: after.status, fence: after.fence, by: writer.name });
      if (before === undefined && after.status !== "queued")
        this.#blame(writer, `${id} was inserted as ${after.status}`);
    }
    if (before === undefined) return;
    const redriven =
      writer.redrives && terminal.includes(before.status) && after.status === "queued";
    if (
      before.status !== after.status &&
      !redriven &&
      !transitions[before.status]?.includes(after.status)
    )
      this.#blame(writer, `${id} went from ${before.status} to ${after.status}`);
    if (after.fence < before.fence) this.#blame(writer, `the fence of ${id} fell`);
    if (writer.kind === "consumer") this.#consumed(before, after, writer);
  }

  #consumed(before: TaskState, after: TaskState, writer: Writer): void {
    const { id } = after;
    if (after.fence > before.fence) {
      this.#claimed(before, after, writer);
      return;
    }
    const changed =
      before.status !== after.status ||
      before.usage !== after.usage ||
      before.attempt !== after.attempt ||
      before.result_key !== after.result_key;
    if (changed && writer.claims.get(id) !== after.fence)
      this.#blame(
        writer,
        `${id} at fence ${after.fence} was written under ${writer.claims.get(id)}`,
      );
    if (terminal.includes(before.status) && changed)
      this.#blame(writer, `${id} was written after it settled`);
    if (after.attempt > before.attempt + 1) this.#blame(writer, `${id} lost two attempts at once`);
  }

  #claimed(before: TaskState, after: TaskState, writer: Writer): void {
    const { id } = after;
    writer.claims.set(id, after.fence);
    if (before.status === "running" && (before.lease_until ?? 0) > this.#clock.now())
      this.#blame(writer, `the live lease of ${id} was taken`);
    const progressed = [...this.#last.steps.values()].some(
      (step) => step.id === id && step.fence === before.fence,
    );
    if (after.attempt > before.attempt && (before.status !== "running" || progressed))
      this.#blame(writer, `a claim of ${id} cost an attempt although its owner journaled a step`);
  }

  #step(before: StepState | undefined, after: StepState, writer: Writer): void {
    const isSame =
      before !== undefined &&
      before.fence === after.fence &&
      before.status === after.status &&
      before.contentMark === after.contentMark;
    if (isSame) return;
    const step = `step ${after.seq} of ${after.id}`;
    const fence = this.#last.tasks.get(after.id)?.fence;
    if (after.fence !== fence || writer.claims.get(after.id) !== fence)
      this.#blame(writer, `${step} was written under fence ${after.fence} when ${fence} owned it`);
    if (
      before !== undefined &&
      before.status !== "intent" &&
      before.contentMark !== after.contentMark
    )
      this.#blame(writer, `${step} was finished and written again`);
  }

  #blame(writer: Writer, text: string): void {
    this.violations.push(`${text} (by ${writer.name})`);
  }
}
