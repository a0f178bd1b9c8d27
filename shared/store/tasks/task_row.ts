import type { Reason, Status } from "../../task/states.ts";
import { unpackBody } from "./task_body.ts";

/** A row of `tasks`, with its body from `task_bodies`. JSON columns are text; times are milliseconds. */
export interface TaskRow {
  id: string;
  tenant: string;
  batch_id: string | null;
  batch_index: number | null;
  custom_id: string | null;
  idempotency_key: string | null;
  body_hash: string | null;
  status: Status;
  reason: Reason | null;
  fence: number;
  attempt: number;
  attempts: number;
  model: string;
  policy: string;
  policy_hash: string | null;
  sandbox: "isolate" | "isolate-v8" | "microvm";
  priority: "normal" | "low";
  labels: string;
  spec: string | null;
  created_at: number;
  not_before: number | null;
  expires_at: number | null;
  /** When its message was last sent; null when a send failed or is still due. */
  sent_at: number | null;
  sends: number;
  sweep_at: number | null;
  lease_until: number | null;
  /** Identifies the last claiming call, so that its repetition finds itself. */
  claimed_by: string | null;
  started_at: number | null;
  finished_at: number | null;
  cancel_requested_at: number | null;
  usage: string;
  quirks: string;
  output: string | null;
  error: string | null;
  errors: string;
  result_key: string | null;
  result_sha256: string | null;
  result_bytes: number | null;
  /** The journal of a settled task; null when it is large and stored in R2. */
  transcript: string | null;
  history: string;
  /** The fence of the run that this one continues; null when it started from scratch. */
  resumed_from: number | null;
  /** JSON of {url, secret}: where its end is reported. */
  webhook: string | null;
  /** JSON of AnswerTo: the mail that gets the result as a reply. */
  answer_to: string | null;
  concurrency_key: string | null;
  concurrency_limit: number | null;
  /** Why a queued task is not sent; null when nothing holds it back. */
  parked: "restored" | "paused" | "concurrency" | null;
  /** The last step that is charged to the ledger. */
  charged_seq: number;
  /**
   * The group in which the task waits: its batch, its concurrency key, or the group of all tasks without either, each
   * per model. Groups take turns.
   */
  flow: string;
  /** Claims that were taken over from a worker that died or stalled. */
  lost_claims: number;
  /** The task's own model while `model` names another one, which it waits for. */
  own_model: string | null;
  /** JSON of QualitySummary. */
  quality: string | null;
}

/** The model that the task names, whichever it waits for. */
export const ownModelOf = ({ model, own_model }: Pick<TaskRow, "model" | "own_model">): string =>
  own_model ?? model;

/** The reason of a settled task; see migrations/0023_ready.sql. */
export const reasonSql = "COALESCE(newer_reason, reason)";

/** A row as D1 returns it: `body` is the compressed rest of a settled task. */
export type StoredTaskRow = TaskRow & { body?: ArrayLike<number> | ArrayBuffer | null };

const bodySql = "(SELECT bytes FROM task_bodies WHERE task_bodies.id = tasks.body_id)";

/** All columns and the body, for `wholeTask`. */
export const wholeColumns = `*, ${bodySql} AS body`;

/** The row with everything that it has, whether its body was moved or not. */
export function wholeTask<Row extends StoredTaskRow>({ body, ...row }: Row): Omit<Row, "body"> {
  if (body === null || body === undefined) return row;
  const { spec, transcript, output, error } = unpackBody(body);
  return {
    ...row,
    spec: row.spec ?? spec,
    transcript: row.transcript ?? transcript,
    output: row.output ?? output,
    error: error ?? row.error,
  };
}

/** The row with its output and its whole error, for rows that were read as `taskColumns`. */
export function listedTask(row: StoredTaskRow): TaskRow {
  return { ...wholeTask(row), spec: null, transcript: null };
}

/**
 * All columns except `spec` and `transcript`, which can be large and which few readers need, for `listedTask`. The
 * body is read only where the row may lack its output or a part of its error.
 */
export const taskColumns = `id, tenant, batch_id, batch_index, custom_id, idempotency_key, body_hash,
  status, ${reasonSql} AS reason, fence, attempt, attempts, model, policy, policy_hash, sandbox, priority, labels,
  NULL AS spec, created_at, not_before, expires_at, sent_at, sends, sweep_at, lease_until, claimed_by, started_at,
  finished_at, cancel_requested_at, usage, quirks, output, error, errors, result_key, result_sha256,
  result_bytes, NULL AS transcript, history, resumed_from, webhook, answer_to, concurrency_key, concurrency_limit,
  parked, charged_seq, lost_claims, flow, own_model, quality,
  CASE WHEN output IS NULL AND sweep_at IS NULL THEN ${bodySql} END AS body`;
