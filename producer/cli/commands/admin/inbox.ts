import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { exit, unwrap } from "../../exit.ts";
import { table } from "../../output/table.ts";

export function addInbox(program: Command, bind: Bind): void {
  const inbox = program
    .command("inbox")
    .description("the queue through which other Workers send tasks (docs/ingress.md)");
  inbox
    .command("dead", { isDefault: true })
    .description("list the messages that were not accepted as tasks, newest first, with the errors")
    .action(
      bind(async (session) => {
        const { messages } = unwrap(await session.client()("GET /v1/inbox/dead"));
        if (session.json) for (const message of messages) session.printJson(message);
        else if (messages.length === 0) session.print("No dead messages.");
        else {
          const rows = messages.map(({ id, received_at, body, error }) => [
            id,
            received_at,
            error.code,
            error.message,
            body,
          ]);
          const head = ["message", "received", "error", "why", "body"];
          session.context.write(`${table(head, rows, session.context)}\n`);
        }
        return exit.ok;
      }),
    );
}
