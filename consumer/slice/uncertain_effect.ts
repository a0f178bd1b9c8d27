/** What is known of an effect that started and has no outcome, so that a person can check it. */
import { egressLimits } from "../../shared/limits.ts";
import { listSentRequests } from "../../shared/store/egress/egress_log.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { Step } from "../../shared/task/step.ts";
import type { TaskError, UncertainEffect } from "./outcome.ts";

/** The error with the effect that the journal leaves open, whatever ended the task. */
export async function addUncertainEffect(
  db: D1Database,
  task: TaskRow,
  steps: readonly Step[],
  error: TaskError,
): Promise<TaskError> {
  const intent = steps.findLast(({ status }) => status === "intent");
  if (intent === undefined) return error;
  // Requests of this number under older fences belong to a run before a restart.
  const fenceMin = steps.findLast(({ seq }) => seq < intent.seq)?.fence ?? 0;
  const requests = await listSentRequests(db, task, { seq: intent.seq, fenceMin });
  const shownRequests = requests.slice(0, egressLimits.uncertainShownMax);
  const uncertain: UncertainEffect = {
    step: intent.seq,
    tool: intent.name,
    began_at: new Date(intent.started_at).toISOString(),
    requests: shownRequests.map(({ at, ...row }) => ({ at: new Date(at).toISOString(), ...row })),
  };
  return {
    ...error,
    message: `${error.message} ${formatUncertain(uncertain, requests.length)}`,
    uncertain,
  };
}

function formatUncertain(
  { step, tool, began_at, requests }: UncertainEffect,
  count: number,
): string {
  const lines = requests.map(({ method, url }) => `${method} ${url}`);
  if (count > lines.length) lines.push(`${count - lines.length} more (see the task's egress)`);
  const sentText =
    count === 0
      ? "The log has no request with effects of this step."
      : `Decided and possibly sent: ${lines.join(", ")}.`;
  return `Step ${step}, ${tool}, started at ${began_at} and its outcome is unknown. ${sentText} Check what it did; then redrive the task with mode "resume" and overrides {"on_uncertain": "retry"} to start that step again, or with mode "restart" to start from scratch.`;
}
