import type { Command } from "commander";
import type { SpendResponse } from "../../../api/stats/responses.ts";
import type { Bind } from "../../bind.ts";
import { exit, unwrap } from "../../exit.ts";
import { costText, count, dollars } from "../../output/format.ts";
import { table } from "../../output/table.ts";

export function addSpend(program: Command, bind: Bind): void {
  program
    .command("spend")
    .description("show the cost of model calls per day (UTC) and model")
    .option("--days <n>", "number of days, including today", "30")
    .action(
      bind(async (session, { days }: { days: string }) => {
        const query = new URLSearchParams({ days });
        const response = unwrap(await session.client()("GET /v1/spend", { query }));
        if (session.json) {
          session.printJson(response);
          return exit.ok;
        }
        if (response.spend.length > 0) {
          const head = ["day", "model", "calls", "tokens", "cached", "cost"];
          const rows = response.spend.map(rowOf);
          session.context.write(`${table(head, rows, session.context)}\n`);
        }
        session.print(todayText(response));
        return exit.ok;
      }),
    );
}

function rowOf(entry: SpendResponse["spend"][number]): string[] {
  return [
    entry.day,
    entry.model,
    count(entry.calls),
    count(entry.prompt_tokens + entry.completion_tokens),
    count(entry.cached_tokens),
    costText(entry, entry.model),
  ];
}

function todayText({ today }: SpendResponse): string {
  const ceiling = today.ceiling_usd === null ? "" : ` of ${dollars(today.ceiling_usd)}`;
  const unpricedText =
    today.unpriced_tokens === 0 ? "" : `, and ${count(today.unpriced_tokens)} tokens unpriced`;
  return `Today, ${today.day} UTC: ${dollars(today.cost_usd)}${ceiling}${unpricedText}.`;
}
