import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { exit, unwrap, usageError } from "../../exit.ts";
import { count } from "../../output/format.ts";

/** Erasure of everything that a tenant has. */
export function addTenants(program: Command, bind: Bind): void {
  program
    .command("tenants")
    .description("manage tenants")
    .command("erase <name>")
    .description("remove all keys, schedules, batches, tasks and objects of a tenant permanently")
    .option("--yes", "confirm the erasure")
    .action(
      bind(async (session, name: string, { yes }: { yes?: boolean }) => {
        if (yes !== true) {
          throw usageError(`this removes everything of the tenant ${name} permanently: pass --yes`);
        }
        const removed = { rows: 0, objects: 0 };
        let left: readonly string[] = [];
        // Twice, because a batch that was being expanded may have added tasks meanwhile.
        for (let round = 0; round < 2; round++) {
          for (let cursor: string | null = ""; cursor !== null; ) {
            const query: { cursor?: string } = cursor === "" ? {} : { cursor };
            const call = await session.client()("POST /v1/tenants/:id/erase", { id: name, query });
            const step = unwrap(call);
            removed.rows += step.rows;
            removed.objects += step.objects;
            left = step.left;
            cursor = step.next_cursor;
          }
        }
        if (session.json) session.printJson({ tenant: name, ...removed, left });
        else {
          session.print(
            `removed ${count(removed.rows)} rows and ${count(removed.objects)} objects of ${name}; left:`,
          );
          for (const text of left) session.print(`- ${text}`);
        }
        return exit.ok;
      }),
    );
}
