import { isTerminal } from "../../../shared/task/states.ts";
import type { TaskResponse } from "../../api/tasks/responses.ts";
import type { CallResult } from "../../client/index.ts";
import { type ExitCode, exit } from "../exit.ts";
import { countText } from "../output/format.ts";
import { printableLine } from "../output/printable.ts";
import type { Session } from "../session.ts";
import { cacheFor, readOutage, readPauses, taskPausedReason } from "./paused_reason.ts";
import { type FleetState, poll, reportStillRunning } from "./poll.ts";

/** Shows a task until it is settled. Exit code 0 only if it succeeded. */
export async function watchTask(
  session: Session,
  id: string,
  fleetState: FleetState = "reachable",
): Promise<ExitCode> {
  const client = session.client();
  const pauses = readPauses(session);
  const outage = readOutage(session);
  let batchId = "";
  const readBatch = cacheFor(session, async () => {
    const result = await client("GET /v1/batches/:id", { id: batchId });
    return result.ok ? result.value : null;
  });
  let pausedReason: string | null = null;
  const read = async (): Promise<CallResult<TaskResponse>> => {
    const result = await client("GET /v1/tasks/:id", { id });
    pausedReason = null;
    if (!result.ok || session.json || result.value.status !== "queued") return result;
    batchId = result.value.batch_id ?? "";
    const batch = batchId === "" ? null : await readBatch();
    pausedReason = taskPausedReason(result.value, batch, await pauses()) ?? (await outage());
    return result;
  };
  let lastLine = "";
  const onValue = (task: TaskResponse): void => {
    const line = statusLine(task, pausedReason);
    if (line === lastLine) return;
    lastLine = line;
    if (session.json) session.printJson(task);
    else session.print(line);
  };
  const removeHandler = session.context.onInterrupt(() => {
    // The terminal has written ^C on the line.
    if (session.context.interactive) session.context.warn("\n");
    reportStillRunning(session, id);
  });
  const task = await poll({
    session,
    fleetState,
    read,
    onValue,
    isFinished: ({ status }) => isTerminal(status),
    note: (text) => session.context.warn(`${text}\n`),
  }).finally(removeHandler);
  if (!session.json && task.error !== null) {
    session.print(printableLine(`${task.error.code}: ${task.error.message}`, 500));
  }
  return task.status === "succeeded" ? exit.ok : exit.failed;
}

function statusLine(task: TaskResponse, pausedReason: string | null): string {
  const reason = task.reason === null ? "" : ` (${task.reason})`;
  return [
    `${task.status}${reason}`,
    countText(task.usage.steps, "step"),
    ...(task.attempt === 0 ? [] : [countText(task.attempt, "failed attempt")]),
    ...(pausedReason === null ? [] : [pausedReason]),
  ].join(" · ");
}
