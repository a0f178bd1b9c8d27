/**
 * One log line: a constant event name with flat, constant field names. Callers pass ids, counts and codes, and
 * never bodies, prompts, query strings or secrets.
 */
export type LogEvent =
  | "task_accepted"
  | "send_failed"
  | "batch_accepted"
  | "batch_expanded"
  | "batch_lines_missing"
  | "batch_finished"
  | "approval_requested"
  | "approval_decided"
  | "eval_finished"
  | "batch_start_failed"
  | "batch_rejected"
  | "output_files_written"
  | "schedule_tick"
  | "webhook_attempt"
  | "inbox_rejected"
  | "mail_received"
  | "mail_ignored"
  | "mail_reply_attempt"
  | "task_skipped"
  | "step"
  | "egress_decision"
  | "task_yielded"
  | "task_admitted_by_fallback"
  | "database_restored"
  | "tasks_set_aside"
  | "task_parked"
  | "task_requeued"
  | "task_retrying"
  | "task_settled"
  | "fence_lost"
  | "message_invalid"
  | "dead_letter"
  | "sweep"
  | "unhealthy"
  | "store_retry"
  | "governor_report_failed"
  | "governor_snapshot_failed"
  | "bug";

export type LogFields = Record<string, string | number | boolean | null | undefined>;

export function log(event: LogEvent, fields: LogFields): void {
  console.log(JSON.stringify({ event, ...fields }));
}

/** Whether an id is among this share of ids: the same ones each time, so that a task is logged as a whole. */
export function isSampled(id: string, share: number): boolean {
  let hash = 0;
  for (const character of id) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return (Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) >>> 0) / 2 ** 32 < share;
}

/** An unexpected exception: its message and stack go only to the log. */
export function logBug(where: string, thrown: unknown, fields: LogFields = {}): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  console.error(
    JSON.stringify({ event: "bug", where, message: error.message, stack: error.stack, ...fields }),
  );
}
