/** The policy of a claimed task: the text it was pinned to at its first claim, while its name still stands. */
import { findPolicy, type PolicyAnswer, pinnedPolicy } from "../../policies/index.ts";
import { keptPolicy } from "../../shared/store/policies.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { ConsumerConfig } from "../config/config.ts";

export async function policyOf(fleet: ConsumerConfig, task: TaskRow): Promise<PolicyAnswer> {
  const { policies, mode } = fleet;
  const hashes = JSON.parse(fleet.policyHashes) as Record<string, string>;
  if (task.policy_hash === null || hashes[task.policy] === task.policy_hash) {
    return findPolicy(policies, task.policy, task.tenant, mode);
  }
  const text = await keptPolicy(fleet.env.DB, task.policy_hash);
  if (text === null) {
    return {
      ok: false,
      name: task.policy,
      reason: "store_error",
      message: `The text that policy ${task.policy} had at the first claim is gone; redrive the task with restart to pin it anew.`,
    };
  }
  return pinnedPolicy(policies, task.policy, text, task.tenant, mode);
}
