/** Why no task of a batch, or one task, starts, with the command that changes it. */
import { commandLineLimits } from "../../../shared/limits.ts";
import type { BatchResponse } from "../../api/batches/responses.ts";
import type { ModelLimitResponse } from "../../api/catalog/responses.ts";
import type { PauseResponse } from "../../api/pauses/responses.ts";
import type { TaskResponse } from "../../api/tasks/responses.ts";
import type { Session } from "../session.ts";

type Outage = NonNullable<ModelLimitResponse["outage"]>;

const fleetPaused = "the fleet is paused: fleet resume --all";

/** Null if nothing known holds it back. `pauses` are those of all tenants; null if they were not read. */
export function batchPausedReason(
  batch: BatchResponse,
  pauses: PauseResponse | null,
): string | null {
  if (batch.status === "finished") return null;
  if (batch.paused === true) return `paused: fleet resume ${batch.id}`;
  if (batch.waiting === true && batch.after !== undefined) return `waits for ${batch.after.batch}`;
  return pauses?.paused === true ? fleetPaused : null;
}

/** The same for a task, which its batch or its model can hold back too. */
export function taskPausedReason(
  { status, model }: TaskResponse,
  batch: BatchResponse | null,
  pauses: PauseResponse | null,
): string | null {
  if (status !== "queued") return null;
  if (batch?.paused === true) return `its batch is paused: fleet resume ${batch.id}`;
  if (pauses?.paused === true) return fleetPaused;
  const isModelPaused = pauses?.models.some((pause) => pause.model === model) === true;
  return isModelPaused ? `${model} is paused: fleet resume --model ${model}` : null;
}

/** A value that rarely changes, read at most once per `watchPauseCheckMs`; null until it was read. */
export function cacheFor<T>(
  session: Session,
  read: () => Promise<T | null>,
): () => Promise<T | null> {
  let readAt = Number.NEGATIVE_INFINITY;
  let value: T | null = null;
  return async () => {
    const now = session.context.now();
    if (now - readAt < commandLineLimits.watchPauseCheckMs) return value;
    readAt = now;
    value = await read();
    return value;
  };
}

/** What is paused for all tenants. */
export const readPauses = (session: Session): (() => Promise<PauseResponse | null>) =>
  cacheFor(session, async () => {
    const result = await session.client()("GET /v1/pause");
    return result.ok ? result.value : null;
  });

/** The first endpoint that is down: its tasks wait until it answers again. */
export const readOutage = (session: Session): (() => Promise<string | null>) =>
  cacheFor(session, async () => {
    const result = await session.client()("GET /v1/models");
    const down = result.ok ? result.value.models.find(({ state }) => state === "down") : undefined;
    return down?.outage == null ? null : outageText(down.outage);
  });

const outageText = ({ endpoint, since, next_try_at, message }: Outage): string =>
  `the model is down since ${since}: ${endpoint}: ${message} Next try: ${next_try_at}`;
