import type { DryRunAnswer } from "../../api/batches/responses.ts";
import { type ExitCode, exit } from "../exit.ts";
import { refusalText } from "../refusal.ts";
import type { Session } from "../session.ts";
import { count, counted, dollars } from "./format.ts";

/** Prints what a dry run found. Wrong usage where the batch would be refused, failed where it could not do its work. */
export function tellDryRun(session: Session, told: DryRunAnswer): ExitCode {
  if (session.json) session.emit(told);
  else for (const line of linesOf(told)) session.say(line);
  if (!told.acceptable) return exit.usage;
  return told.ready ? exit.done : exit.failed;
}

function linesOf(told: DryRunAnswer): string[] {
  const { total, policies, models, estimate } = told;
  const { first_calls: first, worst_case: worst } = estimate;
  return [
    `dry run: ${counted(total, "task")} ${told.acceptable ? "would be accepted" : "would be refused"}; nothing was submitted`,
    ...listed("would be refused", told.faults, told.faults_unlisted),
    ...listed(
      "would be accepted and then be refused requests",
      told.warnings,
      told.warnings_unlisted,
    ),
    ...policies.map(
      ({ policy, tasks, hosts, secrets, routes }) =>
        `policy ${policy}: ${counted(tasks, "task")}; ${hosts.length === 0 ? "reaches nothing" : `reaches ${hosts.join(", ")}`}${[
          ...secrets.map(({ name, set }) => `; secret ${name} ${state(set, "set")}`),
          ...routes.map(({ name, bound }) => `; service ${name} ${state(bound, "bound")}`),
        ].join("")}`,
    ),
    ...models.map(
      ({ model, tasks, price }) => `model ${model}: ${counted(tasks, "task")}; ${priceText(price)}`,
    ),
    `one call for each task: ${count(first.prompt_tokens)} prompt tokens, ${money(first.cost_usd)}`,
    `at most, by the limits: ${count(worst.tokens)} tokens, ${money(worst.cost_usd)}`,
    ...told.assumptions.map((text) => `  assumed: ${text}`),
  ];
}

function listed(head: string, faults: DryRunAnswer["faults"], unlisted: number): string[] {
  if (faults.length === 0) return [];
  const rest = unlisted === 0 ? [] : [`  and ${counted(unlisted, "more task")}`];
  return [refusalText(`${head}:`, faults), ...rest];
}

const state = (known: boolean | null, word: string): string =>
  known === null ? "unknown: the consumer did not answer" : known ? word : `is not ${word}`;

const money = (cost: number | null): string => (cost === null ? "price unknown" : dollars(cost));

function priceText(price: DryRunAnswer["models"][number]["price"]): string {
  if (price === null) return "price unknown";
  if (price.input === 0 && price.output === 0) return "no price, counted as free";
  return `${dollars(price.input)} in, ${dollars(price.output)} out per million tokens`;
}
