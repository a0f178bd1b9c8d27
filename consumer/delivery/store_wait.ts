/** How a slot waits while D1 is loaded: new work must not hold back the work that runs. */
import { pressureLimits } from "../../shared/limits.ts";
import { pressureOf } from "../../shared/store/pressure.ts";

/** Waits until a task may be claimed; else returns, after no wait, how long that takes. */
export async function waitForStore(db: D1Database): Promise<number> {
  const delayMs = pressureOf(db).delayMs(Date.now()) * (0.5 + Math.random());
  if (delayMs > pressureLimits.waitInSlotMsMax) return delayMs;
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  return 0;
}
