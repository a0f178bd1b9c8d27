import type { BatchResponse } from "../../api/batches/responses.ts";
import type { CallResult } from "../../client/index.ts";
import { type ExitCode, exit } from "../exit.ts";
import { batchErrorText, failureLines } from "../output/failures.ts";
import { printableLine } from "../output/printable.ts";
import type { Session } from "../session.ts";
import { batchPausedReason, readOutage, readPauses } from "./paused_reason.ts";
import { type FleetState, poll, reportStillRunning } from "./poll.ts";
import { ProgressMeter } from "./progress.ts";
import { createProgressView } from "./progress_view.ts";

interface WatchOptions {
  fleetState?: FleetState;
  /** The text to print on Ctrl-C. */
  resume?: string;
}

/** Shows a batch until it is finished. Exit code 0 only if every task succeeded. */
export async function watchBatch(
  session: Session,
  id: string,
  options: WatchOptions = {},
): Promise<ExitCode> {
  return (await watchToEnd(session, id, options)).code;
}

/** The same; a batch that could not start has no tasks and no results. */
export async function watchToEnd(
  session: Session,
  id: string,
  { fleetState = "reachable", resume }: WatchOptions = {},
): Promise<{ code: ExitCode; hasTasks: boolean }> {
  const client = session.client();
  const meter = new ProgressMeter();
  const view = session.json ? null : createProgressView(session.context);
  const pauses = readPauses(session);
  const outage = readOutage(session);
  let pausedReason: string | null = null;
  let lastJson = "";
  const read = async (): Promise<CallResult<BatchResponse>> => {
    const result = await client("GET /v1/batches/:id", { id });
    if (!result.ok || session.json) return result;
    const { queued, running } = result.value.counts;
    const isWaiting = queued > 0 && running === 0;
    const pauseText = batchPausedReason(result.value, isWaiting ? await pauses() : null);
    const reason = pauseText ?? (isWaiting ? await outage() : null);
    pausedReason = reason === null ? null : printableLine(reason, 240);
    return result;
  };
  const onValue = (batch: BatchResponse): void => {
    view?.show(meter.add(batch, session.context.now(), pausedReason));
    const json = JSON.stringify([batch.counts, batch.paused, batch.waiting]);
    if (session.json && json !== lastJson) {
      lastJson = json;
      session.printJson(batch);
    }
  };
  const removeHandler = session.context.onInterrupt(() => {
    view?.stop();
    reportStillRunning(session, id, resume);
  });
  const batch = await poll({
    session,
    fleetState,
    read,
    onValue,
    isFinished: ({ status }) => status === "finished",
    note: (text) => view?.note(text),
  }).finally(() => {
    removeHandler();
    view?.stop();
  });
  const { error = null } = batch;
  if (!session.json) {
    if (error !== null) session.print(batchErrorText(error));
    for (const line of await failureLines(client, batch)) session.print(line);
  }
  const hasSucceeded = error === null && batch.counts.succeeded === batch.counts.total;
  return { code: hasSucceeded ? exit.ok : exit.failed, hasTasks: batch.counts.total > 0 };
}
