import { commandLineLimits } from "../../../shared/limits.ts";
import type { CallResult } from "../../client/index.ts";
import { callFailed, codeOf } from "../exit.ts";
import { span } from "../output/format.ts";
import { printable, printableJson } from "../output/printable.ts";
import type { Session } from "../session.ts";

/** `unknown`: no call to this fleet was made before. `reachable`: a call before this one succeeded. */
export type FleetState = "unknown" | "reachable";

export interface Polling<T> {
  session: Session;
  fleetState: FleetState;
  read: () => Promise<CallResult<T>>;
  onValue: (value: T) => void;
  isFinished: (value: T) => boolean;
  /** Prints a note about the fleet. */
  note: (text: string) => void;
}

/**
 * Polls until `isFinished`. A fleet that stops answering is retried for `watchUnreachableMsMax`, so that a
 * batch of hours survives a restart and a lost connection. A fleet that never answered is not retried: the
 * address is wrong, or the fleet is not running.
 */
export async function poll<T>(polling: Polling<T>): Promise<T> {
  const { now, sleep } = polling.session.context;
  let hasAnswered = polling.fleetState === "reachable";
  let unreachableSince: number | null = null;
  for (;;) {
    const result = await polling.read();
    if (result.ok) {
      hasAnswered = true;
      unreachableSince = null;
      polling.onValue(result.value);
      if (polling.isFinished(result.value)) return result.value;
    } else {
      const { status } = result.error;
      if (status !== 0) hasAnswered = true;
      const isTransient = status === 0 ? hasAnswered : status >= 500;
      const isFirst = unreachableSince === null;
      unreachableSince ??= now();
      if (!isTransient || now() - unreachableSince > commandLineLimits.watchUnreachableMsMax) {
        throw callFailed(result.error);
      }
      if (isFirst) {
        const patience = span(commandLineLimits.watchUnreachableMsMax);
        polling.note(
          `the fleet does not answer (${codeOf(result.error)}), retrying for ${patience}`,
        );
      }
    }
    await sleep(commandLineLimits.watchPollMs);
  }
}

/** Ctrl-C ends only the watching: submitted tasks keep running. `resume` is a sentence that says how to continue. */
export function reportStillRunning(
  { json, context }: Session,
  id: string,
  resume = `Reattach: fleet watch ${id}`,
): void {
  const message = `${id} is still running. ${resume}. Stop it: fleet cancel ${id}`;
  const report = { error: { code: "interrupted", message, details: [] } };
  context.warn(`${json ? printableJson(report) : printable(message)}\n`);
}
