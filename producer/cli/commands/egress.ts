import type { Command } from "commander";
import { exit, required } from "../exit.ts";
import type { Bind } from "../program.ts";
import { kindOf, type Session } from "../session.ts";
import { table } from "../table.ts";
import type { DecisionAnswer } from "../wire.ts";

type Row = DecisionAnswer & { task_id: string; custom_id: string | null };

export function addEgress(program: Command, bind: Bind): void {
  program
    .command("egress <id>")
    .description(
      "every request that a task, or any task of a batch, made and what was decided of it",
    )
    .action(
      bind(async (session, id: string) => {
        const { interactive, columns, write } = session.surroundings;
        const decisions =
          kindOf(id) === "task" ? await ofTask(session, id, null) : await ofBatch(session, id);
        if (session.json) {
          for (const decision of decisions) session.emit(decision);
          return exit.done;
        }
        if (decisions.length === 0) {
          session.say("No requests.");
          return exit.done;
        }
        const head = ["at", "task", "action", "status", "method", "reason", "in", "out", "url"];
        const rows = decisions.map((d) => [
          d.at,
          d.custom_id ?? d.task_id,
          d.action,
          d.status === null ? "" : String(d.status),
          d.method,
          d.reason,
          String(d.bytes_in),
          String(d.bytes_out),
          d.url,
        ]);
        write(`${table(head, rows, { coloured: interactive, columns })}\n`);
        return exit.done;
      }),
    );
}

async function ofTask(session: Session, id: string, customId: string | null): Promise<Row[]> {
  const decisions = required(await session.client().egress(id));
  return decisions.map((decision) => ({ task_id: id, custom_id: customId, ...decision }));
}

/** The batch's tasks page by page; only those that sent requests are asked for them. */
async function ofBatch(session: Session, id: string): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const filter = new URLSearchParams({ batch_id: id, limit: "100" });
    if (cursor !== null) filter.set("cursor", cursor);
    const page: {
      tasks: { id: string; custom_id: string | null; usage: { egress_requests: number } }[];
      next_cursor: string | null;
    } = required(await session.client().tasks(filter));
    for (const task of page.tasks) {
      rows.push(...(await ofTask(session, task.id, task.custom_id)));
    }
    cursor = page.next_cursor;
  } while (cursor !== null);
  return rows.sort((a, b) => (a.at < b.at ? -1 : 1));
}
