/** A redrive of many tasks. One call is bounded in tasks and time, so calls repeat until no cursor is left. */
import type { CallResult, CallValue, FleetClient } from "./index.ts";

type RedrivePage = CallValue<"POST /v1/tasks/redrive">;
export type RedriveSummary = Omit<RedrivePage, "next_cursor">;

/**
 * Redrives tasks of a batch, or, with `batchId` null, the tasks that match the filters in `order`, the body
 * of the request. The API checks `order`. The first failed call ends the redrive.
 */
export async function redriveAll(
  client: FleetClient,
  batchId: string | null,
  order: object,
  onProgress: (redriven: number) => void = () => undefined,
): Promise<CallResult<RedriveSummary>> {
  const total: RedriveSummary = { redriven: 0, refused: 0, details: [] };
  let cursor: string | null = null;
  for (;;) {
    const page = await redrivePage(client, batchId, { ...order, ...(cursor && { cursor }) });
    if (!page.ok) return page;
    const {
      redriven,
      refused = 0,
      details = [],
      next_cursor = null,
      dry_run,
      matched,
    } = page.value;
    if (dry_run === true)
      Object.assign(total, { dry_run, matched: (total.matched ?? 0) + (matched ?? 0) });
    total.redriven += redriven;
    total.refused += refused;
    total.details.push(...details);
    onProgress(total.redriven);
    if (next_cursor === null) return { ...page, value: total };
    cursor = next_cursor;
  }
}

function redrivePage(
  client: FleetClient,
  id: string | null,
  order: object,
): Promise<CallResult<RedrivePage>> {
  const body = { body: JSON.stringify(order), type: "application/json" } as const;
  return id === null
    ? client("POST /v1/tasks/redrive", body)
    : client("POST /v1/batches/:id/redrive", { id, ...body });
}
