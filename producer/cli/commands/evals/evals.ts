import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { exit, unwrap } from "../../exit.ts";
import { table } from "../../output/table.ts";
import { show } from "./eval.ts";
import { comparisonText } from "./eval_text.ts";

export function addEvals(program: Command, bind: Bind): void {
  const evals = program.command("evals").description("evaluations: list, show, compare, delete");
  evals
    .command("list", { isDefault: true })
    .description("list evaluations, newest first")
    .action(
      bind(async (session) => {
        const page = unwrap(await session.client()("GET /v1/evals"));
        if (session.json) for (const each of page.evals) session.printJson(each);
        else if (page.evals.length === 0)
          session.print("No evaluations yet: see fleet eval --help");
        else {
          const rows = page.evals.map(({ id, status, rows: count, variants, name }) => [
            ...[id, status, String(count), variants.map((each) => each.name).join(", ")],
            name ?? "",
          ]);
          const head = ["evaluation", "status", "rows", "variants", "name"];
          session.context.write(`${table(head, rows, session.context)}\n`);
        }
        return exit.ok;
      }),
    );
  evals
    .command("show <id>")
    .description("print the report of an evaluation, and the rows on which its variants differ")
    .option("-o, --output <file>", "write every row with all answers to a .csv file")
    .action(
      bind(async (session, id: string, { output }: { output?: string }) => {
        const found = unwrap(await session.client()("GET /v1/evals/:id", { id }));
        if (found.report !== null) return show(session, found, null, output);
        if (session.json) session.printJson(found);
        else
          session.print(`${id} is ${found.status}: its report comes when its tasks have settled`);
        return exit.ok;
      }),
    );
  evals
    .command("compare <id> <other>")
    .description("compare the variants of two evaluations of the same rows")
    .action(
      bind(async (session, id: string, other: string) => {
        const call = { id, query: { with: other } };
        const { comparisons } = unwrap(
          await session.client()("GET /v1/evals/:id/comparison", call),
        );
        for (const each of comparisons) {
          if (session.json) session.printJson(each);
          else session.print(comparisonText(each));
        }
        return exit.ok;
      }),
    );
  evals
    .command("delete <id>")
    .description("delete an evaluation with its rows and grades")
    .action(
      bind(async (session, id: string) => {
        const deleted = unwrap(await session.client()("DELETE /v1/evals/:id", { id }));
        if (session.json) session.printJson(deleted);
        else session.print(`${id} is deleted`);
        return exit.ok;
      }),
    );
}
