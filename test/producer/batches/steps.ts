/** What tests of batches do: submit, end tasks as their settlement does, and run the cron. */
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { finishDueBatches } from "../../../producer/batches/finish.ts";
import { batchTaskId, batchTaskRange } from "../../../shared/identity/ids.ts";
import { send, type TestFleet } from "../client.ts";

export interface BatchView {
  id: string;
  status: string;
  waiting?: boolean;
  counts: Record<string, number>;
  usage: Record<string, number>;
  eta: string | null;
  error: { code: string; message: string; details?: unknown[] } | null;
  finished_at: string | null;
}

export async function postBatch(
  fleet: TestFleet,
  body: unknown,
  { status = 202, headers = {}, query = "" } = {},
): Promise<BatchView> {
  const response = await send(fleet, "POST", `/v1/batches${query}`, body, headers);
  expect(response.status).toBe(status);
  return response.json<BatchView>();
}

export const getBatch = async (fleet: TestFleet, id: string): Promise<BatchView> =>
  (await send(fleet, "GET", `/v1/batches/${id}`)).json<BatchView>();

/** Settles the live tasks of some lines. `output` is an SQL expression. */
export const endTasks = (
  id: string,
  { status = "succeeded", from = 0, to = 1_000_000, finishedAt = 5_000, output = "'{}'" } = {},
) =>
  env.DB.prepare(
    `UPDATE tasks SET status = ?3, sweep_at = NULL, usage = '{"steps":2}', started_at = 1000,
       reason = IIF(?3 = 'succeeded', 'completed', IIF(?3 = 'failed', 'no_progress', ?3)),
       finished_at = ?4, result_key = IIF(?3 = 'succeeded', 'k', NULL),
       output = IIF(?3 = 'succeeded', ${output}, NULL)
     WHERE id >= ?1 AND id < ?2 AND status IN ('queued', 'running')`,
  )
    .bind(
      batchTaskId(id, from),
      to === 1_000_000 ? batchTaskRange(id).to : batchTaskId(id, to),
      status,
      finishedAt,
    )
    .run();

/** One minute of the cron's part that finishes batches; every open batch is due. */
export async function cronMinute(fleet: TestFleet): Promise<void> {
  await env.DB.prepare("UPDATE batches SET close_at = 0 WHERE close_at IS NOT NULL").run();
  await finishDueBatches(fleet.env);
}
