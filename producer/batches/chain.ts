/**
 * Chains: a batch that follows another starts when that one is finished, in one conditional write. It
 * takes its own lines, or makes its tasks of the other's results. Where nothing of what it waits for came
 * of the other, it ends without running, and says why: so the end of a batch begins those that follow it,
 * and a beginning may be an end.
 */
import { log, logBug } from "../../shared/log.ts";
import { objectKeys } from "../../shared/objects.ts";
import { StoreFault } from "../../shared/retrying.ts";
import type { Status } from "../../shared/states.ts";
import { type BatchRow, readBatch } from "../../shared/store/batches.ts";
import {
  cancelWaiting,
  followersOf,
  markWaitingReason,
  startWaiting,
} from "../../shared/store/chains.ts";
import { finishBatch, type Tally, tallyBatch } from "../../shared/store/tallies.ts";
import { hasEnded, type KeyEnd, keyValidityOf } from "../auth/key_validity.ts";
import type { Principal } from "../auth/principal.ts";
import { withinBacklog } from "../auth/rate_allowance.ts";
import type { ProducerEnv } from "../env.ts";
import type { Detail } from "../http/problem.ts";
import { checkScope } from "../tasks/check_scope.ts";
import { writeBatchInput } from "./batch_input.ts";
import { resultLines } from "./batch_results.ts";
import { expandBatch } from "./expand.ts";
import { entriesOf, resultItems } from "./items.ts";
import { ObjectWriter } from "./object_writer.ts";

/** Why a batch ended without running. */
interface Unstarted {
  code: "source_cancelled" | "source_without_results" | "source_gone" | "refused" | `key_${KeyEnd}`;
  message: string;
  details?: Detail[];
}

/** What comes behind accepting a batch: its tasks, or waiting for the one that it follows. Never throws. */
export async function startBatch(env: ProducerEnv, batch: BatchRow): Promise<void> {
  try {
    const started = batch.waits === 1 ? await startIfReady(env, batch) : batch;
    if (started !== null) await expandBatch(env, started);
  } catch (error) {
    if (!(error instanceof StoreFault)) logBug("chain", error, { batch_id: batch.id });
    else log("unhealthy", { what: "chain", batch_id: batch.id, message: error.message });
  }
}

/** The batch as it stands, finished if its tasks have all ended. */
export async function finishIfDone(
  env: ProducerEnv,
  batch: BatchRow,
  { counts }: Tally,
): Promise<BatchRow> {
  const open = counts.queued + counts.running > 0 || batch.expanded < batch.total;
  if (batch.status === "finished" || batch.waits === 1 || open) return batch;
  const finished = await finishBatch(env.DB, batch.id);
  if (finished === null) return batch;
  log("batch_finished", { batch_id: batch.id, tenant: batch.tenant, total: batch.total });
  await startFollowers(env, batch.id);
  return finished;
}

/** The batches that wait for one that is finished now. What a crash leaves is the next look's. */
async function startFollowers(env: ProducerEnv, id: string): Promise<void> {
  for (const follower of await followersOf(env.DB, id)) await startBatch(env, follower);
}

/** The started batch; null while the other is not finished, and when there is nothing to start. */
async function startIfReady(env: ProducerEnv, batch: BatchRow): Promise<BatchRow | null> {
  const source = await readBatch(env.DB, batch.tenant, batch.after_batch ?? "");
  if (source === null) {
    return unstarted(env, batch, {
      code: "source_gone",
      message: `${batch.after_batch}, which this batch follows, is gone`,
    });
  }
  const tally = await tallyBatch(env.DB, source);
  const finished = await finishIfDone(env, source, tally);
  if (finished.status !== "finished") return null;
  const statuses = JSON.parse(batch.after_status ?? "[]") as Status[];
  if (finished.cancel_requested_at !== null) {
    return unstarted(env, batch, {
      code: "source_cancelled",
      message: `${source.id}, which this batch follows, was cancelled`,
    });
  }
  if (statuses.every((status) => tally.counts[status] === 0)) {
    return unstarted(env, batch, {
      code: "source_without_results",
      message: `no task of ${source.id}, which this batch follows, ended as ${statuses.join(" or ")}`,
    });
  }
  // Lines of its own were accepted while its key held; what is made of results is new, and asks anew.
  if (batch.template === null) return startWaiting(env.DB, batch.id, batch.total);
  const standing = await keyValidityOf(env, batch);
  if (!standing.ok) {
    return unstarted(env, batch, {
      code: `key_${standing.ended}`,
      message: `the key ${batch.key_id}, which sent this batch, ${hasEnded(standing.ended)}: send it again with a key that holds`,
    });
  }
  const within = await withinBacklog(env, standing.principal);
  if (!within.ok) {
    const told = { code: "backlog", message: within.error.message, details: [] };
    await markWaitingReason(env.DB, batch.id, JSON.stringify(told));
    return null;
  }
  return startFilled(env, batch, finished, statuses, standing.principal);
}

/** Two that do this at once write the same lines: nothing in them depends on who or when. */
async function startFilled(
  env: ProducerEnv,
  batch: BatchRow,
  source: BatchRow,
  statuses: readonly Status[],
  principal: Principal,
): Promise<BatchRow | null> {
  const template = JSON.parse(batch.template ?? "{}") as object;
  const time = new Date(batch.tick_at ?? source.finished_at ?? 0).toISOString();
  const items = resultItems(resultLines(env, source), statuses);
  const key = objectKeys.batchInput(batch.tenant, batch.id);
  const writer = new ObjectWriter(env.OBJECTS, key, "application/x-ndjson");
  const input = await writeBatchInput(
    entriesOf(items, template, { time }),
    {},
    checkScope(env, principal),
    writer,
  ).catch(async (error: unknown) => {
    await writer.abort();
    throw error;
  });
  if (input.ok) {
    await writer.finish();
    return startWaiting(env.DB, batch.id, input.value.total);
  }
  await writer.abort();
  const { error: problem } = input;
  const details = "details" in problem ? (problem.details ?? []) : [];
  return unstarted(env, batch, { code: "refused", message: problem.message, details });
}

/** Ends it: own lines become tasks that are cancelled at birth, so that the counts add up. */
async function unstarted(
  env: ProducerEnv,
  batch: BatchRow,
  why: Unstarted,
): Promise<BatchRow | null> {
  log("batch_unstarted", { batch_id: batch.id, tenant: batch.tenant, code: why.code });
  const ended = await cancelWaiting(env.DB, batch.id, JSON.stringify(why));
  if (ended === null) return null;
  if (ended.total > 0) return ended;
  await finishIfDone(env, ended, await tallyBatch(env.DB, ended));
  return null;
}
