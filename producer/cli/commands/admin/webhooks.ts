import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { exit, unwrap } from "../../exit.ts";
import { table } from "../../output/table.ts";

export function addWebhooks(program: Command, bind: Bind): void {
  const webhooks = program
    .command("webhooks")
    .description("webhooks that could not be delivered: list them, send one again");
  webhooks
    .command("dead", { isDefault: true })
    .description("list the webhooks whose retries are exhausted, newest first")
    .action(
      bind(async (session) => {
        const { webhooks: dead } = unwrap(await session.client()("GET /v1/webhooks/dead"));
        if (session.json) for (const webhook of dead) session.printJson(webhook);
        else if (dead.length === 0) session.print("No dead webhooks.");
        else {
          const rows = dead.map(({ id, subject, tries, last_error, url }) => [
            id,
            subject,
            String(tries),
            last_error ?? "",
            url,
          ]);
          const head = ["webhook", "of", "tries", "last error", "url"];
          session.context.write(`${table(head, rows, session.context)}\n`);
        }
        return exit.ok;
      }),
    );
  webhooks
    .command("redeliver <id>")
    .description("send a webhook again with the same id, starting from its first try")
    .action(
      bind(async (session, id: string) => {
        const webhook = unwrap(await session.client()("POST /v1/webhooks/:id/redeliver", { id }));
        if (session.json) session.printJson(webhook);
        else session.print(`${id} will be sent again within a minute`);
        return exit.ok;
      }),
    );
}
