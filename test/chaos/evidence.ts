/** What is left when a run is over, read past the product: D1's rows, R2's objects, and what others saw. */
import { env } from "cloudflare:workers";
import type { Step } from "../../shared/step.ts";
import type { BatchRow } from "../../shared/store/batches.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { Auditor } from "./auditor.ts";
import type { Canaries } from "./canaries.ts";
import type { Seen } from "./upstream.ts";
import type { Work } from "./workload.ts";

export interface EgressSeen {
  task_id: string;
  tenant: string;
  seq: number;
  method: string;
  url: string;
  host: string;
  action: string;
  policy: string;
}

/** What the product says that a tenant's tasks of one model add up to. */
export type Tally = { tenant: string; model: string } & Record<string, number | string>;

/** One task that was asked for: what it is, and every id that a 2xx named for it. */
export interface Asked {
  work: Work;
  tenant: string;
  /** Ids that an answer named; more than one for one key is a violation. */
  ids: Set<string>;
  /** True once an answer was 2xx. */
  accepted: boolean;
  cancelled: boolean;
  expires: boolean;
  /** How often it was sent through again, and how often from its start: at most, answers may be lost. */
  redrives: number;
  restarts: number;
  /** Somebody allowed that an effect of unknown outcome starts again. */
  retries: boolean;
}

export interface AskedBatch {
  id: string | null;
  works: readonly Work[];
  cancelled: boolean;
}

/** What the run itself saw. */
export interface History {
  seed: number;
  asked: Asked[];
  batches: AskedBatch[];
  deliveries: Map<string, number>;
  auditor: Auditor;
  upstream: readonly Seen[];
  sent: readonly string[];
  logs: readonly string[];
  answers: readonly string[];
  canaries: Canaries;
  /** The drain ended because everything was settled, not because it ran out of rounds. */
  drained: boolean;
  now: number;
}

export interface Evidence extends History {
  rows: TaskRow[];
  steps: Record<string, unknown>[];
  batchRows: BatchRow[];
  egress: EgressSeen[];
  tallies: Tally[];
  objects: Map<string, Uint8Array>;
}

export async function gather(history: History): Promise<Evidence> {
  const [rows, steps, batchRows, egress, tallies] = await Promise.all([
    all<TaskRow>("SELECT * FROM tasks ORDER BY id"),
    all<Record<string, unknown>>("SELECT * FROM steps"),
    all<BatchRow>("SELECT * FROM batches"),
    all<EgressSeen>("SELECT * FROM egress_log"),
    all<Tally>("SELECT * FROM task_tallies"),
  ]);
  const objects = new Map<string, Uint8Array>();
  for (const { key } of await listed()) {
    const object = await env.OBJECTS.get(key);
    if (object !== null) objects.set(key, new Uint8Array(await object.arrayBuffer()));
  }
  return { ...history, rows, steps, batchRows, egress, tallies, objects };
}

async function all<T>(sql: string): Promise<T[]> {
  return (await env.DB.prepare(sql).all<T>()).results;
}

async function listed(): Promise<R2Object[]> {
  const found: R2Object[] = [];
  let cursor: string | undefined;
  do {
    const page = await env.OBJECTS.list(cursor === undefined ? {} : { cursor });
    found.push(...page.objects);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return found;
}

/** Nothing of an earlier run may be taken for this one's. */
export async function wipe(): Promise<void> {
  const tables = ["tasks", "steps", "egress_log", "batches", "policies"];
  await env.DB.batch([
    ...tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    env.DB.prepare("UPDATE walks SET position = '', due_at = 0"),
  ]);
  for (const { key } of await listed()) await env.OBJECTS.delete(key);
}

/** The journal of a settled task, from its row or from its object; null when neither has it. */
export function transcriptOf(evidence: Evidence, row: TaskRow): Step[] | null {
  const key = `tasks/${row.tenant}/${row.id}/${row.fence}/transcript.jsonl`;
  const bytes = evidence.objects.get(key);
  const text = row.transcript ?? (bytes === undefined ? null : new TextDecoder().decode(bytes));
  if (text === null) return null;
  const lines = text.split("\n").filter((line) => line !== "");
  return lines
    .map((line) => JSON.parse(line) as Step | { workspace: unknown })
    .filter((line): line is Step => "seq" in line);
}
