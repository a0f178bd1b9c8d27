import type { Command } from "commander";
import type { StepResponse } from "../../../api/traces/responses.ts";
import type { Bind } from "../../bind.ts";
import { CommandError, exit, unwrap, usageError } from "../../exit.ts";
import { count, countText, span } from "../../output/format.ts";
import { table } from "../../output/table.ts";
import { taskId } from "../../session.ts";
import { stepSummary, stepText } from "./step_text.ts";

export function addSteps(program: Command, bind: Bind): void {
  program
    .command("steps <task> [step]")
    .description("list the model calls and tool calls of a task, or print one of them in full")
    .action(
      bind(async (session, task: string, step: string | undefined) => {
        const id = taskId(task);
        if (step !== undefined && !/^[1-9]\d*$/.test(step)) {
          throw usageError(`step ${step}: use a whole number from the first column of the table`);
        }
        const { steps } = unwrap(await session.client()("GET /v1/tasks/:id/steps", { id }));
        const chosenSteps = step === undefined ? steps : [findStep(steps, id, Number(step))];
        if (session.json) for (const each of chosenSteps) session.printJson(each);
        else if (step !== undefined) for (const each of chosenSteps) session.print(stepText(each));
        else if (steps.length === 0) session.print("No steps yet.");
        else {
          const head = ["step", "kind", "name", "status", "took", "tokens", "quirks", "output"];
          session.context.write(`${table(head, steps.map(rowOf), session.context)}\n`);
          session.print(`Print one step in full: fleet steps ${id} <n>`);
        }
        return exit.ok;
      }),
    );
}

function findStep(steps: readonly StepResponse[], id: string, seq: number): StepResponse {
  const match = steps.find((step) => step.seq === seq);
  if (match !== undefined) return match;
  throw new CommandError(
    exit.notFound,
    `${id} has ${countText(steps.length, "step")}, but not ${seq}`,
  );
}

function rowOf(step: StepResponse): string[] {
  const tokens = (step.usage?.prompt_tokens ?? 0) + (step.usage?.completion_tokens ?? 0);
  return [
    String(step.seq),
    step.kind,
    step.name,
    step.status,
    span(step.duration_ms),
    tokens === 0 ? "" : count(tokens),
    (step.quirks ?? []).join(" "),
    stepSummary(step),
  ];
}
