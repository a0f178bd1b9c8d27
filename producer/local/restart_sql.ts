/** SQL of the local runner. Never run on a deployed fleet. */

/** After a restart: no slice and no message survived it, so every lease is void and every live task is due. */
export const voidLeasesSql = `
  UPDATE tasks SET lease_until = CASE WHEN status = 'running' THEN 0 ELSE NULL END,
    sent_at = NULL, sweep_at = 0
  WHERE sweep_at IS NOT NULL;
  UPDATE batches SET sweep_at = 0 WHERE sweep_at IS NOT NULL`;

/** Matches the condition of the index `tasks_sweep`. */
const runningSql = "status = 'running' AND sweep_at IS NOT NULL";

/**
 * After the local runner killed a hung runtime. Only a program in `isolate-v8` can hang one, so the running
 * tasks in `isolate-v8` lose an attempt, even with a journaled step: otherwise one could hang it forever.
 * Without such a task, all running tasks lose one. The others are queued again unchanged.
 */
export const countHungSql = `
  UPDATE tasks SET attempt = attempt + 1,
    errors = json_insert(errors, '$[#]', json_object('attempt', attempt + 1, 'fence', fence,
      'code', 'sandbox_fault', 'message', 'The runtime hung while it ran and was started again.'))
  WHERE ${runningSql} AND attempt < attempts AND (sandbox = 'isolate-v8' OR NOT EXISTS (
    SELECT 1 FROM tasks WHERE ${runningSql} AND sandbox = 'isolate-v8'));
  UPDATE tasks SET status = 'queued', claimed_by = NULL WHERE ${runningSql}`;
