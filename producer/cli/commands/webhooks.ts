import type { Command } from "commander";
import { exit, required } from "../exit.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";

export function addWebhooks(program: Command, bind: Bind): void {
  const webhooks = program
    .command("webhooks")
    .description("webhooks that could not be delivered: list them, send one again");
  webhooks
    .command("dead", { isDefault: true })
    .description("list those that were given up, the newest first")
    .action(
      bind(async (session) => {
        const { webhooks: dead } = required(await session.client()("GET /v1/webhooks/dead"));
        if (session.json) for (const one of dead) session.emit(one);
        else if (dead.length === 0) session.say("No dead webhooks.");
        else {
          const rows = dead.map(({ id, subject, tries, last_error, url }) => [
            id,
            subject,
            String(tries),
            last_error ?? "",
            url,
          ]);
          const head = ["webhook", "of", "tries", "last error", "url"];
          session.surroundings.write(`${table(head, rows, session.surroundings)}\n`);
        }
        return exit.done;
      }),
    );
  webhooks
    .command("redeliver <id>")
    .description("send one again, from its first try and under the same id")
    .action(
      bind(async (session, id: string) => {
        const again = required(await session.client()("POST /v1/webhooks/:id/redeliver", { id }));
        if (session.json) session.emit(again);
        else session.say(`${id} is sent again within a minute`);
        return exit.done;
      }),
    );
}
