import type { DryRunResponse } from "../../../api/batches/responses.ts";
import { type ExitCode, exit } from "../../exit.ts";
import { errorText } from "../../output/error_text.ts";
import { count, countText, dollars } from "../../output/format.ts";
import type { Session } from "../../session.ts";

/** Prints a dry run. A usage error if the batch would be rejected, a failure if its tasks could not run. */
export function printDryRun(session: Session, dryRun: DryRunResponse): ExitCode {
  if (session.json) session.printJson(dryRun);
  else for (const line of dryRunLines(dryRun)) session.print(line);
  if (!dryRun.acceptable) return exit.usage;
  return dryRun.ready ? exit.ok : exit.failed;
}

function dryRunLines(dryRun: DryRunResponse): string[] {
  const { total, acceptable, policies, models, estimate } = dryRun;
  const { first_calls: first, worst_case: worst } = estimate;
  return [
    `dry run: ${countText(total, "task")} would be ${acceptable ? "accepted" : "rejected"}; nothing was submitted`,
    ...faultLines("would be rejected", dryRun.faults, dryRun.faults_unlisted),
    ...faultLines(
      "would be accepted, but some of their requests would be denied",
      dryRun.warnings,
      dryRun.warnings_unlisted,
    ),
    ...policies.map(policyLine),
    ...models.map(
      ({ model, tasks, price }) =>
        `model ${model}: ${countText(tasks, "task")}; ${priceText(price)}`,
    ),
    `one call per task: ${count(first.prompt_tokens)} prompt tokens, ${costText(first.cost_usd)}`,
    `maximum by the limits: ${count(worst.tokens)} tokens, ${costText(worst.cost_usd)}`,
    ...dryRun.assumptions.map((text) => `  assumption: ${text}`),
  ];
}

function faultLines(
  head: string,
  faults: DryRunResponse["faults"],
  unlistedCount: number,
): string[] {
  if (faults.length === 0) return [];
  const rest = unlistedCount === 0 ? [] : [`  and ${countText(unlistedCount, "more task")}`];
  return [errorText(`${head}:`, faults), ...rest];
}

function policyLine(policyUse: DryRunResponse["policies"][number]): string {
  const { policy, tasks, hosts, secrets, routes } = policyUse;
  return [
    `policy ${policy}: ${countText(tasks, "task")}`,
    hosts.length === 0 ? "reaches nothing" : `reaches ${hosts.join(", ")}`,
    ...secrets.map(({ name, set }) => `secret ${name} ${stateText(set, "set")}`),
    ...routes.map(({ name, bound }) => `service ${name} ${stateText(bound, "bound")}`),
  ].join("; ");
}

const stateText = (isSet: boolean | null, word: string): string =>
  isSet === null ? "unknown: the consumer did not answer" : isSet ? word : `is not ${word}`;

const costText = (cost: number | null): string => (cost === null ? "unknown price" : dollars(cost));

function priceText(price: DryRunResponse["models"][number]["price"]): string {
  if (price === null) return "unknown price";
  if (price.input === 0 && price.output === 0) return "no price, counted as free";
  return `${dollars(price.input)} in, ${dollars(price.output)} out per million tokens`;
}
