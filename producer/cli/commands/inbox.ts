import type { Command } from "commander";
import { exit, required } from "../exit.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";

export function addInbox(program: Command, bind: Bind): void {
  const inbox = program
    .command("inbox")
    .description("the queue by which other Workers send tasks (docs/ways-in.md)");
  inbox
    .command("dead", { isDefault: true })
    .description("list the messages that made no task, the newest first, and why")
    .action(
      bind(async (session) => {
        const { messages } = required(await session.client()("GET /v1/inbox/dead"));
        if (session.json) for (const message of messages) session.emit(message);
        else if (messages.length === 0) session.say("No dead messages: each made its task.");
        else {
          const rows = messages.map(({ id, received_at, body, error }) => [
            id,
            received_at,
            error.code,
            error.message,
            body,
          ]);
          const head = ["message", "received", "error", "why", "body"];
          session.surroundings.write(`${table(head, rows, session.surroundings)}\n`);
        }
        return exit.done;
      }),
    );
}
