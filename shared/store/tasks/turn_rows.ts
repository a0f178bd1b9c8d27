/**
 * The steps of one turn in one row of `steps`: its `payload` is then a JSON list of steps, and its other columns
 * are those of the first step, except `usage`, which is that of the last. Pure.
 */
import { storeLimits } from "../../limits.ts";
import type { Usage } from "../../spend/usage.ts";

export interface StepRow {
  task_id: string;
  /** From 1, without gaps, across attempts. */
  seq: number;
  fence: number;
  kind: "model" | "tool";
  name: string;
  /** `intent`: started, outcome unknown. `refused`: a call that was rejected without running. */
  status: "done" | "failed" | "refused" | "intent";
  started_at: number;
  duration_ms: number;
  /** JSON text; null when it is stored in R2 under `payload_key`. */
  payload: string | null;
  payload_key: string | null;
  /** Cumulative after this step: the last row's usage is the task's. */
  usage: string;
}

export type NewStep = Omit<StepRow, "task_id" | "fence" | "usage"> & { usage: Usage };

/** A row to write, and the steps in it. */
export interface TurnRow {
  row: NewStep;
  seqs: readonly number[];
}

/** An intent has a row of its own, which its outcome replaces. */
export function packTurns(steps: readonly NewStep[]): TurnRow[] {
  const groups: NewStep[][] = [];
  let isOpen = false;
  for (const step of steps) {
    const group = groups.at(-1);
    const fits =
      isOpen && step.status !== "intent" && (group?.length ?? 0) < storeLimits.turnStepsMax;
    if (fits) group?.push(step);
    else groups.push([step]);
    isOpen = step.status !== "intent";
  }
  return groups.map(packTurn);
}

function packTurn(steps: readonly NewStep[]): TurnRow {
  const [first, ...others] = steps;
  if (first === undefined) throw new Error("a turn has at least one step");
  const seqs = steps.map(({ seq }) => seq);
  const last = others.at(-1);
  if (last === undefined) return { row: first, seqs };
  const payload = `[${steps.map(stepText).join(",")}]`;
  return { row: { ...first, payload, payload_key: null, usage: last.usage }, seqs };
}

/** The payload is JSON text already, and is not parsed again. */
function stepText({ payload, payload_key, ...head }: NewStep): string {
  const text = JSON.stringify(payload_key === null ? head : { ...head, payload_key });
  return payload === null ? text : `${text.slice(0, -1)},"payload":${payload}}`;
}

type PackedStep = Omit<NewStep, "payload" | "payload_key"> & {
  payload?: unknown;
  payload_key?: string;
};

/** The steps of a row. The payload of a single step is an object, never a list. */
export function unpackTurn(row: StepRow): StepRow[] {
  if (row.payload?.startsWith("[") !== true) return [row];
  const steps = JSON.parse(row.payload) as PackedStep[];
  return steps.map(({ payload, payload_key, usage, ...head }) => ({
    ...head,
    task_id: row.task_id,
    fence: row.fence,
    payload: payload === undefined ? null : JSON.stringify(payload),
    payload_key: payload_key ?? null,
    usage: JSON.stringify(usage),
  }));
}
