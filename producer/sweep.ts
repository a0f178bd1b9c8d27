/**
 * Every minute: goes on with batches that stand still, and sends what was never delivered. Bounded,
 * idempotent, safe when two overlap: the store gives each due task to one of them.
 */
import { batchLimits, sweepLimits } from "../shared/limits.ts";
import { log, logBug } from "../shared/log.ts";
import { takeUnexpanded } from "../shared/store/batches.ts";
import { type Due, markSent, takeDue, takeIdle } from "../shared/store/sweeps.ts";
import type { ProducerEnv } from "./env.ts";
import { expandBatch } from "./expand.ts";
import { sendTasks } from "./send.ts";

export interface Swept {
  batches: number;
  due: number;
  sent: number;
  /** Whether tasks were sent again that had been sent and never came. */
  lost_too: boolean;
}

/** Never throws: the next minute tries again. */
export async function sweep(env: ProducerEnv): Promise<Swept> {
  const swept: Swept = { batches: 0, due: 0, sent: 0, lost_too: false };
  try {
    await resend(env, swept);
    const deadline = Date.now() + batchLimits.expandMsMax;
    while (swept.batches < batchLimits.batchesPerTickMax && Date.now() < deadline) {
      const batch = await takeUnexpanded(env.DB);
      if (batch === null) break;
      await expandBatch(env, batch, deadline);
      swept.batches++;
    }
  } catch (error) {
    logBug("sweep", error);
  }
  log("sweep", { ...swept });
  return swept;
}

async function resend(env: ProducerEnv, swept: Swept): Promise<void> {
  const backlog = await backlogOf(env);
  swept.lost_too = backlog < sweepLimits.smallBacklogMessages;
  for (let pass = 0; pass < sweepLimits.passesPerTickMax; pass++) {
    const due = await takeDue(env.DB, sweepLimits.rowsPerPassMax, swept.lost_too);
    await sendAgain(env, due, swept);
    if (due.length < sweepLimits.rowsPerPassMax) break;
  }
  if (env.FLEET_MODE !== "local" || backlog > 0) return;
  const idle = await takeIdle(env.DB, sweepLimits.rowsPerPassMax, sweepLimits.localIdleMs);
  await sendAgain(env, idle, swept);
}

async function sendAgain(env: ProducerEnv, due: readonly Due[], swept: Swept): Promise<void> {
  const sent = await sendTasks(env, due);
  swept.due += due.length;
  swept.sent += sent.size;
  await markSent(
    env.DB,
    due.filter(({ id }) => sent.has(id)),
  );
}

/**
 * The messages that wait. A long backlog is not loss: sending it again would double it. Where the queue
 * cannot tell, a deployed fleet takes its messages for waiting; a local one takes them for lost.
 */
async function backlogOf(env: ProducerEnv): Promise<number> {
  try {
    const metrics = await Promise.all([env.TASKS.metrics(), env.TASKS_LOW.metrics()]);
    return metrics.reduce((sum, { backlogCount }) => sum + backlogCount, 0);
  } catch (error) {
    log("unhealthy", { what: "queue metrics", message: String(error) });
    return env.FLEET_MODE === "local" ? 0 : Number.POSITIVE_INFINITY;
  }
}
