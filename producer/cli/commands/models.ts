import type { Command } from "commander";
import type { ModelPaceAnswer } from "../../api/fleet_responses.ts";
import { exit, required } from "../exit.ts";
import { count } from "../output/format.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";

export function addModels(program: Command, bind: Bind): void {
  program
    .command("models")
    .description("list the models with their limits, what is used of them, and which are closed")
    .action(
      bind(async (session) => {
        const listing = required(await session.client()("GET /v1/models"));
        if (session.json) {
          session.emit(listing);
          return exit.done;
        }
        const { write } = session.surroundings;
        const head = ["model", "limit", "last minute", "in progress", "waiting", "state"];
        const rows = listing.models.map(row);
        write(`${table(head, rows, session.surroundings)}\n`);
        return exit.done;
      }),
    );
}

function row(one: ModelPaceAnswer): string[] {
  const { requests_per_minute: limit, in_progress: held, in_progress_max: places } = one;
  const figure = (value: number | null): string => (value === null ? "" : count(value));
  return [
    one.model,
    limit === null ? "none" : `${count(limit)} a minute${one.shared ? ", shared" : ""}`,
    figure(one.calls_last_minute),
    held === null || places === null ? "" : `${count(held)} of ${count(places)}`,
    figure(one.waiting),
    stateText(one),
  ];
}

function stateText({ state, closed_until: until }: ModelPaceAnswer): string {
  switch (state) {
    case "unlimited":
    case "serving":
      return "ok";
    case "back_off":
      return `closed until ${until}: its endpoint refused calls`;
    case "breaker":
      return `closed until ${until}: its endpoint failed several times in a row`;
    case "half_open":
      return "one call tries whether it serves again";
    case "unknown":
      return "its governor does not answer";
  }
}

/** What `fleet doctor` says of a model that takes no calls; null where it takes some. */
export function closedText(one: ModelPaceAnswer): string | null {
  if (one.state === "unlimited" || one.state === "serving") return null;
  return `${one.model}: ${stateText(one)}`;
}
