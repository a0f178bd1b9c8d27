/**
 * Ids are opaque to users, but sorted: a lower-case ULID sorts by time, so the primary key lists newest
 * first, and the tasks of a batch are one key range in input order. That saves an index on created_at and
 * one on batch_id.
 */
import { encodeTime, ulid } from "ulid";

export const newTaskId = (): string => `task_${ulid().toLowerCase()}`;
export const newBatchId = (): string => `batch_${ulid().toLowerCase()}`;
export const newApprovalId = (): string => `appr_${ulid().toLowerCase()}`;
export const newEvalId = (): string => `eval_${ulid().toLowerCase()}`;
export const newKeyId = (): string => `key_${ulid().toLowerCase()}`;
export const newFileId = (): string => `file-${ulid().toLowerCase()}`;
export const newScheduleId = (): string => `sched_${ulid().toLowerCase()}`;

const indexDigits = 6;

/** The id of the task at `index` (0-based) of a batch: the same input line always gets the same id. */
export function batchTaskId(batchId: string, index: number): string {
  return `task_${batchId.slice("batch_".length)}-${String(index).padStart(indexDigits, "0")}`;
}

/** The key range of exactly the tasks of a batch: `from <= id < to`. */
export function batchTaskRange(batchId: string): { from: string; to: string } {
  const prefix = `task_${batchId.slice("batch_".length)}`;
  return { from: `${prefix}-`, to: `${prefix}.` };
}

/** The key range of all tasks. */
export const taskRange = { from: "task_", to: "task`" } as const;

const timeChars = 10;

/**
 * Every id that was created before a time, in milliseconds since 1970 UTC, sorts below this bound. A
 * webhook's id contains the id of its task or batch.
 */
export function idBound(kind: "task" | "batch" | "hook", ms: number): string {
  return `${kind}_${encodeTime(Math.max(0, ms), timeChars).toLowerCase()}`;
}

const ulidPattern = "[0-9a-hjkmnp-tv-z]{26}";
export const taskIdPattern = `^task_${ulidPattern}(-[0-9]{${indexDigits}})?$`;
export const batchIdPattern = `^batch_${ulidPattern}$`;
export const approvalIdPattern = `^appr_${ulidPattern}$`;
export const evalIdPattern = `^eval_${ulidPattern}$`;
export const keyIdPattern = `^key_${ulidPattern}$`;
export const scheduleIdPattern = `^sched_${ulidPattern}$`;
export const fileIdPattern = `^file-${ulidPattern}$`;
export const webhookIdPattern = "^hook_[0-9a-z-]{1,72}$";

/** Ids are used in SQL and R2 keys only after these checks. */
const tester = (pattern: string) => {
  const shape = new RegExp(pattern);
  return (text: string): boolean => shape.test(text);
};
export const isTaskId = tester(taskIdPattern);
export const isBatchId = tester(batchIdPattern);
export const isApprovalId = tester(approvalIdPattern);
export const isEvalId = tester(evalIdPattern);
export const isKeyId = tester(keyIdPattern);
export const isScheduleId = tester(scheduleIdPattern);
export const isFileId = tester(fileIdPattern);
export const isWebhookId = tester(webhookIdPattern);
