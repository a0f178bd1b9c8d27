/**
 * The one canonical log line: a constant event name and flat, constant field names.
 * Callers pass ids, counts and codes; never bodies, prompts, query strings or secrets.
 */
export type LogEvent =
  | "task_accepted"
  | "send_failed"
  | "batch_accepted"
  | "batch_expanded"
  | "batch_lines_lost"
  | "batch_finished"
  | "batch_unstarted"
  | "batch_refused"
  | "output_files_written"
  | "tick"
  | "webhook"
  | "inbox_rejected"
  | "mail"
  | "mail_ignored"
  | "mail_answered"
  | "task_passed_over"
  | "step"
  | "egress_decision"
  | "task_yielded"
  | "task_admitted_by_fallback"
  | "task_parked"
  | "task_given_back"
  | "task_retrying"
  | "task_settled"
  | "fence_lost"
  | "message_unreadable"
  | "dead_letter"
  | "sweep"
  | "unhealthy"
  | "store_retry"
  | "governor_untold"
  | "governor_unseen"
  | "bug";

export type LogFields = Record<string, string | number | boolean | null | undefined>;

export function log(event: LogEvent, fields: LogFields): void {
  console.log(JSON.stringify({ event, ...fields }));
}

/** An exception nobody expected: its message and stack go to the log and nowhere else. */
export function logBug(where: string, thrown: unknown, fields: LogFields = {}): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  console.error(
    JSON.stringify({ event: "bug", where, message: error.message, stack: error.stack, ...fields }),
  );
}
