import { commandLineLimits } from "../../shared/limits.ts";
import { isTerminal } from "../../shared/states.ts";
import type { BatchAnswer } from "../api/batches/responses.ts";
import type { TaskAnswer } from "../api/tasks/responses.ts";
import type { Answer } from "../client/index.ts";
import { codeOf } from "./connection.ts";
import { type ExitCode, exit, stopFor } from "./exit.ts";
import { progressView } from "./output/bar.ts";
import { batchErrorText, failureLines } from "./output/failures.ts";
import { counted, span } from "./output/format.ts";
import { batchHeld, pausesOf, seldom, taskHeld } from "./output/paused_reason.ts";
import { oneLine, printable, printableJson } from "./output/printable.ts";
import { ProgressMeter } from "./output/progress.ts";
import type { Session } from "./session.ts";

/** `new`: nothing was asked of this fleet before. `answering`: it has answered a call before this one. */
export type Acquaintance = "new" | "answering";

/**
 * Asks until `ended` says so. A fleet that does not answer for a while is waited for, up to
 * `watchUnreachableMsMax`: a batch of hours survives a restart and a lost connection. Where a fleet
 * never answered there is nothing to wait for: the address is wrong, or nobody started it.
 */
async function poll<T>(
  session: Session,
  acquaintance: Acquaintance,
  ask: () => Promise<Answer<T>>,
  seen: (value: T) => void,
  ended: (value: T) => boolean,
  note: (text: string) => void,
): Promise<T> {
  const { now, sleep } = session.surroundings;
  let answered = acquaintance === "answering";
  let unreachableSince: number | null = null;
  for (;;) {
    const called = await ask();
    if (called.ok || called.status !== 0) answered = true;
    if (called.ok) {
      unreachableSince = null;
      seen(called.value);
      if (ended(called.value)) return called.value;
    } else {
      const { status } = called;
      const passing = status === 0 ? answered : status >= 500;
      const begins = unreachableSince === null;
      unreachableSince ??= now();
      if (!passing || now() - unreachableSince > commandLineLimits.watchUnreachableMsMax) {
        throw stopFor(called);
      }
      if (begins) {
        const patience = span(commandLineLimits.watchUnreachableMsMax);
        note(`the fleet does not answer (${codeOf(called)}), trying for ${patience}`);
      }
    }
    await sleep(commandLineLimits.watchPollMs);
  }
}

/** Shows a batch until it is finished. Exit code 0 only when every task succeeded. */
export async function watchBatch(
  session: Session,
  id: string,
  acquaintance: Acquaintance = "answering",
): Promise<ExitCode> {
  const client = session.client();
  const meter = new ProgressMeter();
  const view = session.json ? null : progressView(session.surroundings);
  let shown = "";
  const pauses = pausesOf(session);
  let held: string | null = null;
  const ask = async (): Promise<Answer<BatchAnswer>> => {
    const called = await client("GET /v1/batches/:id", { id: id });
    if (!called.ok || session.json) return called;
    const { queued, running } = called.value.counts;
    const told = batchHeld(called.value, queued > 0 && running === 0 ? await pauses() : null);
    held = told === null ? null : oneLine(told, 100);
    return called;
  };
  const seen = (batch: BatchAnswer): void => {
    view?.show(meter.add(batch, session.surroundings.now(), held));
    const told = JSON.stringify([batch.counts, batch.paused, batch.waiting]);
    if (session.json && told !== shown) {
      shown = told;
      session.emit(batch);
    }
  };
  const forget = session.surroundings.onInterrupt(() => {
    view?.stop();
    sayItGoesOn(session, id);
  });
  const batch = await poll(
    session,
    acquaintance,
    ask,
    seen,
    ({ status }) => status === "finished",
    (text) => view?.note(text),
  ).finally(() => {
    forget();
    view?.stop();
  });
  const { error = null } = batch;
  if (!session.json) {
    if (error !== null) session.say(batchErrorText(error));
    for (const line of await failureLines(client, batch)) session.say(line);
  }
  const succeeded = error === null && batch.counts.succeeded === batch.counts.total;
  return succeeded ? exit.done : exit.failed;
}

/** Ctrl-C ends the looking alone: what was submitted runs in the fleet. */
function sayItGoesOn({ json, surroundings }: Session, id: string): void {
  const message = `${id} goes on: fleet watch ${id} follows it again, fleet cancel ${id} ends it`;
  const complaint = { error: { code: "interrupted", message, details: [] } };
  surroundings.warn(`${json ? printableJson(complaint) : printable(message)}\n`);
}

/** Shows a task until it is settled. Exit code 0 only when it succeeded. */
export async function watchTask(
  session: Session,
  id: string,
  acquaintance: Acquaintance = "answering",
): Promise<ExitCode> {
  const client = session.client();
  const pauses = pausesOf(session);
  let batchId = "";
  const batch = seldom(session, async () => {
    const called = await client("GET /v1/batches/:id", { id: batchId });
    return called.ok ? called.value : null;
  });
  let held: string | null = null;
  const ask = async (): Promise<Answer<TaskAnswer>> => {
    const called = await client("GET /v1/tasks/:id", { id: id });
    held = null;
    if (!called.ok || session.json || called.value.status !== "queued") return called;
    batchId = called.value.batch_id ?? "";
    held = taskHeld(called.value, batchId === "" ? null : await batch(), await pauses());
    return called;
  };
  let shown = "";
  const seen = (task: TaskAnswer): void => {
    const reason = task.reason === null ? "" : ` (${task.reason})`;
    const failed = task.attempt === 0 ? "" : ` · ${counted(task.attempt, "failed attempt")}`;
    const holding = held === null ? "" : ` · ${held}`;
    const line = `${task.status}${reason} · ${counted(task.usage.steps, "step")}${failed}${holding}`;
    if (line === shown) return;
    shown = line;
    if (session.json) session.emit(task);
    else session.say(line);
  };
  const forget = session.surroundings.onInterrupt(() => {
    // The terminal has written ^C on the line.
    if (session.surroundings.interactive) session.surroundings.warn("\n");
    sayItGoesOn(session, id);
  });
  const task = await poll(
    session,
    acquaintance,
    ask,
    seen,
    ({ status }) => isTerminal(status),
    (text) => session.surroundings.warn(`${text}\n`),
  ).finally(forget);
  if (!session.json && task.error !== null) {
    session.say(oneLine(`${task.error.code}: ${task.error.message}`, 500));
  }
  return task.status === "succeeded" ? exit.done : exit.failed;
}
