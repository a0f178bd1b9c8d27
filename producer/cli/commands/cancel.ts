import type { Command } from "commander";
import { exit, required } from "../exit.ts";
import type { Bind } from "../program.ts";
import { kindOf } from "../session.ts";

export function addCancel(program: Command, bind: Bind): void {
  program
    .command("cancel <id>")
    .description(
      "cancel a task, or all of a batch that is not settled; each stops before its next step",
    )
    .action(
      bind(async (session, id: string) => {
        const kind = kindOf(id);
        const answer = required(await session.client().cancel(kind, id));
        if (session.json) session.emit(answer);
        else session.say(`${id} is being cancelled; follow it with fleet watch ${id}`);
        return exit.done;
      }),
    );
}
