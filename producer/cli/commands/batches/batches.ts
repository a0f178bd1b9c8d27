import { type Command, Option } from "commander";
import { commandLineLimits } from "../../../../shared/limits.ts";
import type { BatchResponse } from "../../../api/batches/responses.ts";
import type { Bind } from "../../bind.ts";
import { exit, unwrap, usageError } from "../../exit.ts";
import { batchState } from "../../output/batch_state.ts";
import { table } from "../../output/table.ts";

interface Options {
  status?: string;
  limit: string;
}

export function addBatches(program: Command, bind: Bind): void {
  program
    .command("batches")
    .description("list batches, newest first")
    .addOption(
      new Option("--status <status>", "only batches with this status").choices([
        "running",
        "cancelling",
        "finished",
      ]),
    )
    .option("--limit <n>", "maximum number of batches", String(commandLineLimits.listRowsDefault))
    .action(
      bind(async (session, { status, limit }: Options) => {
        if (!/^[1-9]\d*$/.test(limit)) throw usageError("--limit must be a whole number from 1");
        const query = new URLSearchParams({ limit });
        if (status !== undefined) query.set("status", status);
        const { batches } = unwrap(await session.client()("GET /v1/batches", { query }));
        if (session.json) for (const batch of batches) session.printJson(batch);
        else if (batches.length === 0) session.print("No batches.");
        else {
          const rows = batches.map(rowOf);
          const head = ["batch", "status", "tasks", "settled", "succeeded", "created", "eta"];
          session.context.write(`${table(head, rows, session.context)}\n`);
        }
        return exit.ok;
      }),
    );
}

/** A batch without tasks says why instead of 0 of 0. */
function rowOf(batch: BatchResponse): string[] {
  const { id, counts, eta, created_at } = batch;
  const numbers = [
    counts.total,
    counts.total - counts.queued - counts.running,
    counts.succeeded,
  ].map((value) => (counts.total === 0 ? "" : String(value)));
  return [id, batchState(batch), ...numbers, created_at, eta ?? ""];
}
