/**
 * Every minute: goes on with batches that stand still, and sends what was never delivered. Bounded,
 * idempotent, safe when two overlap: the store gives each due task to one of them.
 */
import { batchLimits, sweepLimits } from "../shared/limits.ts";
import { log, logBug } from "../shared/log.ts";
import { unexpandedBatches } from "../shared/store/batches.ts";
import { takeDue } from "../shared/store/sweeps.ts";
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
    const batches = await unexpandedBatches(env.DB, batchLimits.batchesPerTickMax);
    const deadline = Date.now() + batchLimits.expandMsMax;
    for (const batch of batches) {
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
  swept.lost_too = await isBacklogSmall(env);
  for (let pass = 0; pass < sweepLimits.passesPerTickMax; pass++) {
    const due = await takeDue(env.DB, sweepLimits.rowsPerPassMax, swept.lost_too);
    swept.due += due.length;
    swept.sent += await sendTasks(
      env,
      due.map((task) => ({ ...task, not_before: null })),
    );
    if (due.length < sweepLimits.rowsPerPassMax) return;
  }
}

/**
 * A long backlog is not loss: sending it again would double it. Where the queue cannot tell, a deployed
 * fleet takes its messages for waiting; a local one, whose queue lives in memory, takes them for lost.
 */
async function isBacklogSmall(env: ProducerEnv): Promise<boolean> {
  try {
    const metrics = await Promise.all([env.TASKS.metrics(), env.TASKS_LOW.metrics()]);
    const backlog = metrics.reduce((sum, { backlogCount }) => sum + backlogCount, 0);
    return backlog < sweepLimits.smallBacklogMessages;
  } catch (error) {
    log("unhealthy", { what: "queue metrics", message: String(error) });
    return env.FLEET_MODE === "local";
  }
}
