/**
 * Whose turn it is. Each isolate remembers where it took its last task, so that tenants and their flows take
 * turns. A memory that is lost only starts the round again.
 */
import { flowLimits } from "../../shared/limits.ts";
import type { TurnCursor } from "../../shared/store/tasks/next_task.ts";

const flows = new Map<string, string>();
let tenant = "";

export const turnCursor = (): TurnCursor => ({ tenant, flows: Object.fromEntries(flows) });

export function recordTurn(task: { tenant: string; flow: string }): void {
  if (flows.size >= flowLimits.turnTenantsMax) flows.clear();
  flows.set(task.tenant, task.flow);
  tenant = task.tenant;
}
