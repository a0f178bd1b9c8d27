/** Why nothing of a batch or of a task begins, with the command that mends it. */
import { commandLineLimits } from "../../../shared/limits.ts";
import type { BatchAnswer } from "../../api/batches/responses.ts";
import type { PausedAnswer } from "../../api/schedules/responses.ts";
import type { TaskAnswer } from "../../api/tasks/responses.ts";
import type { Session } from "../session.ts";

/** Null where nothing is known that holds it. `pauses` is what all tenants share, null where not asked. */
export function batchHeld(batch: BatchAnswer, pauses: PausedAnswer | null): string | null {
  if (batch.status === "finished") return null;
  if (batch.paused === true) return `paused: fleet resume ${batch.id}`;
  if (batch.waiting === true && batch.after !== undefined) return `waits for ${batch.after.batch}`;
  return pauses?.paused === true ? fleetPaused : null;
}

const fleetPaused = "the fleet is paused: fleet resume --all";

/** The same of a task, which its batch and its model may hold too. */
export function taskHeld(
  { status, model }: TaskAnswer,
  batch: BatchAnswer | null,
  pauses: PausedAnswer | null,
): string | null {
  if (status !== "queued") return null;
  if (batch?.paused === true) return `its batch is paused: fleet resume ${batch.id}`;
  if (pauses?.paused === true) return fleetPaused;
  const held = pauses?.models.some((one) => one.model === model) === true;
  return held ? `${model} is paused: fleet resume --model ${model}` : null;
}

/** Something that changes seldom, asked for at most each `watchPauseAskMs`; null until it was answered. */
export function seldom<T>(session: Session, ask: () => Promise<T | null>): () => Promise<T | null> {
  let askedAt = Number.NEGATIVE_INFINITY;
  let known: T | null = null;
  return async () => {
    const now = session.surroundings.now();
    if (now - askedAt < commandLineLimits.watchPauseAskMs) return known;
    askedAt = now;
    known = await ask();
    return known;
  };
}

/** What is paused for all tenants. */
export const pausesOf = (session: Session): (() => Promise<PausedAnswer | null>) =>
  seldom(session, async () => {
    const called = await session.client()("GET /v1/pause");
    return called.ok ? called.value : null;
  });
