/** The evidence after a run, read without the product: D1's rows, R2's objects, and what the run recorded. */
import { env } from "cloudflare:workers";
import type { BatchRow } from "../../../shared/store/batches/batch_row.ts";
import {
  type StoredTaskRow,
  type TaskRow,
  wholeColumns,
  wholeTask,
} from "../../../shared/store/tasks/task_row.ts";
import type { Step } from "../../../shared/task/step.ts";
import type { UpstreamRequest } from "../simulation/fake_upstream.ts";
import type { Work } from "../simulation/workload.ts";
import type { Auditor } from "./auditor.ts";
import type { Canaries } from "./canaries.ts";

export interface EgressLogRow {
  task_id: string;
  tenant: string;
  seq: number;
  method: string;
  url: string;
  host: string;
  action: string;
  policy: string;
  reason: string;
}

/** A row of `task_tallies`. */
export type TaskTally = { tenant: string; model: string } & Record<string, number | string>;

/** A submitted task, and every id that a 2xx response returned for it. */
export interface Submission {
  work: Work;
  tenant: string;
  /** The ids created for one key: more than one is a violation. */
  ids: Set<string>;
  /** True after a 2xx response. */
  accepted: boolean;
  cancelled: boolean;
  hasExpiry: boolean;
  /**
   * Upper bounds of its redrives, and of those with `restart`: when a reply was lost, the run cannot know whether
   * the redrive happened.
   */
  redrives: number;
  restarts: number;
  /** An effect with an unknown outcome may start again. */
  mayRetryEffects: boolean;
}

export interface SubmittedBatch {
  id: string | null;
  works: readonly Work[];
  cancelled: boolean;
}

/** What the run recorded. */
export interface History {
  submissions: Submission[];
  batches: SubmittedBatch[];
  deliveries: Map<string, number>;
  auditor: Auditor;
  upstream: readonly UpstreamRequest[];
  sentMessages: readonly string[];
  logs: readonly string[];
  responses: readonly string[];
  canaries: Canaries;
  /** Everything settled before the drain ran out of rounds. */
  drained: boolean;
  now: number;
}

export interface Evidence extends History {
  rows: TaskRow[];
  steps: Record<string, unknown>[];
  batchRows: BatchRow[];
  egress: EgressLogRow[];
  tallies: TaskTally[];
  objects: Map<string, Uint8Array>;
}

export async function gatherEvidence(history: History): Promise<Evidence> {
  const [stored, steps, batchRows, egress, tallies] = await Promise.all([
    readRows<StoredTaskRow>(`SELECT ${wholeColumns} FROM tasks ORDER BY id`),
    readRows<Record<string, unknown>>("SELECT * FROM steps"),
    readRows<BatchRow>("SELECT * FROM batches"),
    readRows<EgressLogRow>("SELECT * FROM egress_log"),
    readRows<TaskTally>("SELECT * FROM task_tallies"),
  ]);
  const objects = new Map<string, Uint8Array>();
  for (const { key } of await listObjects()) {
    const object = await env.OBJECTS.get(key);
    if (object !== null) objects.set(key, new Uint8Array(await object.arrayBuffer()));
  }
  const rows = stored.map(wholeTask);
  return { ...history, rows, steps, batchRows, egress, tallies, objects };
}

async function readRows<T>(sql: string): Promise<T[]> {
  return (await env.DB.prepare(sql).all<T>()).results;
}

async function listObjects(): Promise<R2Object[]> {
  const objects: R2Object[] = [];
  let cursor: string | undefined;
  do {
    const page = await env.OBJECTS.list(cursor === undefined ? {} : { cursor });
    objects.push(...page.objects);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return objects;
}

/** Removes everything of earlier runs. */
export async function clearStores(): Promise<void> {
  const tables = ["tasks", "task_bodies", "steps", "egress_log", "batches", "policies"];
  await env.DB.batch([
    ...tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    env.DB.prepare("UPDATE walks SET position = '', due_at = 0"),
  ]);
  for (const { key } of await listObjects()) await env.OBJECTS.delete(key);
}

/** The transcript of a settled task, from its row or its object; null when neither exists. */
export function readTranscript(evidence: Evidence, row: TaskRow): Step[] | null {
  const key = `tasks/${row.tenant}/${row.id}/${row.fence}/transcript.jsonl`;
  const bytes = evidence.objects.get(key);
  const text = row.transcript ?? (bytes === undefined ? null : new TextDecoder().decode(bytes));
  if (text === null) return null;
  const lines = text.split("\n").filter((line) => line !== "");
  return lines
    .map((line) => JSON.parse(line) as Step | { workspace: unknown })
    .filter((line): line is Step => "seq" in line);
}
