import type { Command } from "commander";
import type { SpendAnswer } from "../../api/fleet_responses.ts";
import { exit, required } from "../exit.ts";
import { count, dollars, spent } from "../output/format.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";

export function addSpend(program: Command, bind: Bind): void {
  program
    .command("spend")
    .description("what the model calls cost, day by day (UTC) and model by model")
    .option("--days <n>", "how many days, today among them", "30")
    .action(
      bind(async (session, { days }: { days: string }) => {
        const answer = required(
          await session.client()("GET /v1/spend", { query: new URLSearchParams({ days }) }),
        );
        if (session.json) {
          session.emit(answer);
          return exit.done;
        }
        const { write } = session.surroundings;
        const head = ["day", "model", "calls", "tokens", "cached", "cost"];
        if (answer.spend.length > 0) {
          const rows = answer.spend.map(row);
          write(`${table(head, rows, session.surroundings)}\n`);
        }
        session.say(todayText(answer));
        return exit.done;
      }),
    );
}

function row(one: SpendAnswer["spend"][number]): string[] {
  return [
    one.day,
    one.model,
    count(one.calls),
    count(one.prompt_tokens + one.completion_tokens),
    count(one.cached_tokens),
    spent(one, one.model),
  ];
}

function todayText({ today }: SpendAnswer): string {
  const ceiling = today.ceiling_usd === null ? "" : ` of ${dollars(today.ceiling_usd)}`;
  const unpriced =
    today.unpriced_tokens === 0 ? "" : `, and ${count(today.unpriced_tokens)} tokens unpriced`;
  return `Today, ${today.day} UTC: ${dollars(today.cost_usd)}${ceiling}${unpriced}.`;
}
