import { type Command, Option } from "commander";
import { commandLineLimits } from "../../../shared/limits.ts";
import { exit, required, wrongUsage } from "../exit.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";

interface Options {
  status?: string;
  limit: string;
}

export function addBatches(program: Command, bind: Bind): void {
  program
    .command("batches")
    .description("list batches, the newest first")
    .addOption(
      new Option("--status <status>", "only batches in this status").choices([
        "running",
        "cancelling",
        "finished",
      ]),
    )
    .option("--limit <n>", "how many at most", String(commandLineLimits.listRowsDefault))
    .action(
      bind(async (session, { status, limit }: Options) => {
        if (!/^[1-9]\d*$/.test(limit)) throw wrongUsage("--limit must be a whole number from 1");
        const filter = new URLSearchParams({ limit });
        if (status !== undefined) filter.set("status", status);
        const { batches } = required(await session.client()("GET /v1/batches", { query: filter }));
        if (session.json) for (const batch of batches) session.emit(batch);
        else if (batches.length === 0) session.say("No batches.");
        else {
          const rows = batches.map(({ id, status: now, counts, eta, created_at }) => [
            id,
            now,
            String(counts.total),
            String(counts.total - counts.queued - counts.running),
            String(counts.succeeded),
            created_at,
            eta ?? "",
          ]);
          const head = ["batch", "status", "tasks", "ended", "succeeded", "created", "done by"];
          session.surroundings.write(`${table(head, rows, session.surroundings)}\n`);
        }
        return exit.done;
      }),
    );
}
