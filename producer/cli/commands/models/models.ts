import type { Command } from "commander";
import type { ModelLimitResponse } from "../../../api/catalog/responses.ts";
import type { Bind } from "../../bind.ts";
import { exit, unwrap } from "../../exit.ts";
import { count } from "../../output/format.ts";
import { table } from "../../output/table.ts";

export function addModels(program: Command, bind: Bind): void {
  program
    .command("models")
    .description(
      "list the models with their rate limits, current usage, and whether they are closed",
    )
    .action(
      bind(async (session) => {
        const response = unwrap(await session.client()("GET /v1/models"));
        if (session.json) {
          session.printJson(response);
          return exit.ok;
        }
        const head = ["model", "limit", "last minute", "in progress", "waiting", "state"];
        const rows = response.models.map(rowOf);
        session.context.write(`${table(head, rows, session.context)}\n`);
        return exit.ok;
      }),
    );
}

function rowOf(model: ModelLimitResponse): string[] {
  const { requests_per_minute: limit, in_progress: running, in_progress_max: slots } = model;
  const countOrEmpty = (value: number | null): string => (value === null ? "" : count(value));
  return [
    model.model,
    limit === null ? "none" : `${count(limit)} a minute${model.shared ? ", shared" : ""}`,
    countOrEmpty(model.calls_last_minute),
    running === null || slots === null ? "" : `${count(running)} of ${count(slots)}`,
    countOrEmpty(model.waiting),
    stateText(model),
  ];
}

function stateText({ state, closed_until: until, outage }: ModelLimitResponse): string {
  switch (state) {
    case "down":
      return `down since ${outage?.since}: ${outage?.endpoint}: ${outage?.message} Next try: ${outage?.next_try_at}`;
    case "unlimited":
    case "serving":
      return "ok";
    case "back_off":
      return `closed until ${until}: its endpoint rejected calls`;
    case "breaker":
      return `closed until ${until}: its endpoint failed several times in a row`;
    case "half_open":
      return "half open: one call tests its endpoint";
    case "unknown":
      return "unknown: its governor does not answer";
  }
}

/** The state of a model that accepts no calls; null if it accepts some. */
export function closedText(model: ModelLimitResponse): string | null {
  if (model.state === "unlimited" || model.state === "serving") return null;
  return `${model.model}: ${stateText(model)}`;
}
