/** What is known of an effect that was begun and has no outcome, so that a person can check it. */
import { egressLimits } from "../../shared/limits.ts";
import type { Step } from "../../shared/step.ts";
import { sentDuring } from "../../shared/store/egress_log.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { TaskError, Uncertain } from "./outcome.ts";

/** The error of a task that ends, with the effect that its journal leaves open, whatever ended it. */
export async function withUncertain(
  db: D1Database,
  task: TaskRow,
  steps: readonly Step[],
  error: TaskError,
): Promise<TaskError> {
  const intent = steps.findLast(({ status }) => status === "intent");
  if (intent === undefined) return error;
  // Requests of this number under older fences belong to a run before a restart.
  const from = steps.findLast(({ seq }) => seq < intent.seq)?.fence ?? 0;
  const requests = await sentDuring(db, task, { seq: intent.seq, fenceMin: from });
  const shown = requests.slice(0, egressLimits.uncertainShownMax);
  const uncertain: Uncertain = {
    step: intent.seq,
    tool: intent.name,
    began_at: new Date(intent.started_at).toISOString(),
    requests: shown.map(({ at, ...row }) => ({ at: new Date(at).toISOString(), ...row })),
  };
  return { ...error, message: `${error.message} ${told(uncertain, requests.length)}`, uncertain };
}

function told({ step, tool, began_at, requests }: Uncertain, count: number): string {
  const named = requests.map(({ method, url }) => `${method} ${url}`);
  if (count > named.length) named.push(`${count - named.length} more (see the task's egress)`);
  const sent =
    count === 0
      ? "No request with effects of it is logged."
      : `Decided and perhaps sent: ${named.join(", ")}.`;
  return `Step ${step}, ${tool}, began at ${began_at} and its outcome is unknown. ${sent} Check what it did; then redrive the task with mode "resume" and overrides {"on_uncertain": "retry"} to start that step again, or with mode "restart" to begin anew.`;
}
