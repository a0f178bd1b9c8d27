import type { Command } from "commander";
import type { StepAnswer } from "../../api/tasks/responses.ts";
import { exit, required, Stop, wrongUsage } from "../exit.ts";
import { count, counted, span } from "../output/format.ts";
import { outcomeText, stepText } from "../output/steps_text.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";
import { kindOf } from "../session.ts";

export function addSteps(program: Command, bind: Bind): void {
  program
    .command("steps <task> [step]")
    .description("every model call and tool call of a task, or one of them whole")
    .action(
      bind(async (session, id: string, step: string | undefined) => {
        if (kindOf(id) !== "task") throw wrongUsage(`${id} is a batch: name one of its tasks`);
        if (step !== undefined && !/^[1-9]\d*$/.test(step)) {
          throw wrongUsage(`step ${step}: write a whole number from the table's first column`);
        }
        const steps = required(await session.client()("GET /v1/tasks/:id/steps", { id })).steps;
        const chosen = step === undefined ? steps : [stepOf(steps, id, Number(step))];
        if (session.json) {
          for (const one of chosen) session.emit(one);
          return exit.done;
        }
        if (step !== undefined) {
          for (const one of chosen) session.say(stepText(one));
          return exit.done;
        }
        if (steps.length === 0) {
          session.say("No steps yet.");
          return exit.done;
        }
        const { write } = session.surroundings;
        const head = ["step", "kind", "name", "status", "took", "tokens", "quirks", "output"];
        write(`${table(head, steps.map(row), session.surroundings)}\n`);
        session.say(`fleet steps ${id} <n> shows one step whole.`);
        return exit.done;
      }),
    );
}

function stepOf(steps: readonly StepAnswer[], id: string, seq: number): StepAnswer {
  const found = steps.find((step) => step.seq === seq);
  if (found !== undefined) return found;
  throw new Stop(exit.failed, `${id} has ${counted(steps.length, "step")}, and none is ${seq}`);
}

function row(step: StepAnswer): string[] {
  const tokens = (step.usage?.prompt_tokens ?? 0) + (step.usage?.completion_tokens ?? 0);
  return [
    String(step.seq),
    step.kind,
    step.name,
    step.status,
    span(step.duration_ms),
    tokens === 0 ? "" : count(tokens),
    (step.quirks ?? []).join(" "),
    outcomeText(step),
  ];
}
