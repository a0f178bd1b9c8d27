/**
 * Reads the journal from where it is stored: for a live task the transcript of the run that it continues and
 * then its rows of `steps`; for a settled task its own row if the transcript is small, else transcript.jsonl
 * in R2. The last line of a transcript holds the workspace.
 */

import { getText, headObject, objectKeys, putOnce } from "../files/objects.ts";
import { logBug } from "../platform/log.ts";
import { err, ok, type Result } from "../result.ts";
import { readUsage } from "../spend/usage.ts";
import { readSteps } from "../store/tasks/journal.ts";
import type { TaskRow } from "../store/tasks/task_row.ts";
import { readInlineTranscript } from "../store/tasks/tasks.ts";
import type { StepRow } from "../store/tasks/turn_rows.ts";
import type { FileEntry, Step, StepPayload } from "./step.ts";

export type Manifest = Record<string, FileEntry>;

export interface Transcript {
  steps: Step[];
  /** Known once the task has settled; before that it is folded from the steps. */
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

/** One run of one task. */
interface Run {
  tenant: string;
  id: string;
  fence: number;
}

/** The transcript of a settled task; empty when the task settled before its first step. */
export async function readTranscript(
  db: D1Database,
  bucket: R2Bucket,
  run: Run,
): Promise<Transcript> {
  const text =
    (await readInlineTranscript(db, run.id)) ??
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

/** Whether a settled task has a transcript to continue from; false if its journal was lost. */
export async function hasTranscript(
  bucket: R2Bucket,
  run: Run & { transcript: string | null },
): Promise<boolean> {
  if (run.transcript !== null) return true;
  const key = objectKeys.transcript(run.tenant, run.id, run.fence);
  return (await headObject(bucket, key)) !== null;
}

/** The transcript of a run before a redrive; empty when that run settled before its first step. */
export async function readArchived(bucket: R2Bucket, run: Run): Promise<Transcript> {
  const text = await getText(bucket, objectKeys.transcript(run.tenant, run.id, run.fence));
  return text === null ? { steps: [], workspace: {} } : parseTranscript(text);
}

/**
 * The journal of a live task: the run that it continues, then its own rows. A row replaces the step with its
 * number, as an outcome replaces its intent. Payloads too large for a row are read from R2. A missing base is
 * an error, because the task would start from scratch and repeat its effects.
 */
export async function readJournal(
  db: D1Database,
  bucket: R2Bucket,
  task: Pick<TaskRow, "tenant" | "id" | "resumed_from">,
): Promise<Result<Step[], string>> {
  const [base, rows] = await Promise.all([readBase(bucket, task), readSteps(db, task.id)]);
  if (base === null) {
    return err(
      `The journal of the run that this task continues (fence ${task.resumed_from}) is missing or unreadable. Redrive it with restart.`,
    );
  }
  const steps = new Map(base.map((step) => [step.seq, step]));
  for (const step of await Promise.all(rows.map((row) => toStep(bucket, row)))) {
    steps.set(step.seq, step);
  }
  return ok([...steps.values()].sort((a, b) => a.seq - b.seq));
}

/** The steps that a resumed task continues from; none for any other task. Null when they are unreadable. */
async function readBase(
  bucket: R2Bucket,
  { tenant, id, resumed_from: fence }: Pick<TaskRow, "tenant" | "id" | "resumed_from">,
): Promise<Step[] | null> {
  if (fence === null) return [];
  const text = await getText(bucket, objectKeys.transcript(tenant, id, fence));
  if (text === null) return null;
  try {
    return parseTranscript(text).steps;
  } catch (error) {
    logBug("transcript", error, { task_id: id, fence });
    return null;
  }
}

async function toStep(bucket: R2Bucket, row: StepRow): Promise<Step> {
  const text = row.payload ?? (row.payload_key && (await getText(bucket, row.payload_key)));
  if (!text) throw new Error(`the payload of step ${row.task_id}/${row.seq} is missing`);
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
