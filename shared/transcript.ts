/**
 * The journal, read from wherever it stands: rows of `steps` while a task lives; after it settled,
 * the task's own row where it is small, else transcript.jsonl in R2. Its last line holds the workspace.
 */
import { getText, objectKeys, putOnce } from "./objects.ts";
import type { FileEntry, Step, StepPayload } from "./step.ts";
import { readSteps, type StepRow } from "./store/journal.ts";
import { inlineTranscript } from "./store/tasks.ts";
import { readUsage } from "./usage.ts";

export type Manifest = Record<string, FileEntry>;

export interface Transcript {
  steps: Step[];
  /** Known once the task settled; before that it is folded from the steps. */
  workspace: Manifest | null;
}

export function writeTranscript(steps: readonly Step[], workspace: Manifest): string {
  const lines = steps.map((step) => JSON.stringify(step));
  lines.push(JSON.stringify({ workspace }));
  return `${lines.join("\n")}\n`;
}

export function parseTranscript(text: string): Transcript {
  const transcript: Transcript = { steps: [], workspace: null };
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const value = JSON.parse(line) as Step | { workspace: Manifest };
    if ("workspace" in value) transcript.workspace = value.workspace;
    else transcript.steps.push(value);
  }
  return transcript;
}

/** Who a transcript belongs to: one run of one task. */
interface Run {
  tenant: string;
  id: string;
  fence: number;
}

/** The transcript of a settled task; empty when it settled before its first step. */
export async function readTranscript(
  db: D1Database,
  bucket: R2Bucket,
  run: Run,
): Promise<Transcript> {
  const text =
    (await inlineTranscript(db, run.id)) ??
    (await getText(bucket, objectKeys.transcript(run.tenant, run.id, run.fence)));
  return text === null ? { steps: [], workspace: {} } : parseTranscript(text);
}

/** Moves a small transcript to R2, before a redrive clears the row that holds it. */
export async function archiveTranscript(
  bucket: R2Bucket,
  run: Run & { transcript: string | null },
): Promise<void> {
  if (run.transcript === null) return;
  const key = objectKeys.transcript(run.tenant, run.id, run.fence);
  await putOnce(bucket, key, run.transcript, "application/x-ndjson");
}

/** The transcript of a run before a redrive; empty when that run settled before its first step. */
export async function readArchived(bucket: R2Bucket, run: Run): Promise<Transcript> {
  const text = await getText(bucket, objectKeys.transcript(run.tenant, run.id, run.fence));
  return text === null ? { steps: [], workspace: {} } : parseTranscript(text);
}

/** The steps of a live task; payloads that were too large for a row are read from R2. */
export async function readJournal(
  db: D1Database,
  bucket: R2Bucket,
  taskId: string,
): Promise<Step[]> {
  const rows = await readSteps(db, taskId);
  return Promise.all(rows.map((row) => toStep(bucket, row)));
}

async function toStep(bucket: R2Bucket, row: StepRow): Promise<Step> {
  const text = row.payload ?? (row.payload_key && (await getText(bucket, row.payload_key)));
  if (!text) throw new Error(`step ${row.task_id}/${row.seq} has lost its payload`);
  return {
    seq: row.seq,
    fence: row.fence,
    name: row.name,
    status: row.status,
    started_at: row.started_at,
    duration_ms: row.duration_ms,
    usage: readUsage(row.usage),
    payload: JSON.parse(text) as StepPayload,
  };
}

/** The files after the given steps: the initial ones with each step's changes applied in order. */
export function foldManifest(initial: Manifest, steps: readonly Step[]): Manifest {
  const manifest = { ...initial };
  for (const { payload } of steps) {
    if (payload.kind !== "tool" || payload.files === undefined) continue;
    for (const [path, entry] of Object.entries(payload.files)) {
      if (entry === null) delete manifest[path];
      else manifest[path] = entry;
    }
  }
  return manifest;
}
