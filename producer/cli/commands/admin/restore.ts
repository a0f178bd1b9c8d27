import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { exit, unwrap } from "../../exit.ts";
import { count } from "../../output/format.ts";

/** What a restore of the database set aside, and letting it run. */
export function addRestore(program: Command, bind: Bind): void {
  const restore = program
    .command("restore")
    .description("show whether the database was restored to an earlier state")
    .action(
      bind(async (session) => {
        const state = unwrap(await session.client()("GET /v1/restore"));
        if (session.json) session.printJson(state);
        else if (state.restored_at === null) session.print("the database was never restored");
        else {
          session.print(
            `restored, found at ${state.restored_at}: tasks from before are set aside until you run fleet restore resume, or cancel them`,
          );
        }
        return exit.ok;
      }),
    );
  restore
    .command("resume")
    .description("run the tasks again that were set aside; effects that they had are repeated")
    .action(
      bind(async (session) => {
        let resumed = 0;
        for (let cursor: string | null = ""; cursor !== null; ) {
          const query: { cursor?: string } = cursor === "" ? {} : { cursor };
          const page = unwrap(await session.client()("POST /v1/restore/resume", { query }));
          resumed += page.resumed;
          cursor = page.next_cursor;
        }
        if (session.json) session.printJson({ resumed });
        else session.print(`${count(resumed)} tasks are queued again`);
        return exit.ok;
      }),
    );
}
