import type { Command } from "commander";
import { exit, required, wrongUsage } from "../exit.ts";
import { count, span } from "../figures.ts";
import type { Bind } from "../program.ts";
import { kindOf } from "../session.ts";
import { table } from "../table.ts";
import type { StepAnswer } from "../wire.ts";

export function addSteps(program: Command, bind: Bind): void {
  program
    .command("steps <task>")
    .description("every model call and tool call of a task")
    .action(
      bind(async (session, id: string) => {
        if (kindOf(id) !== "task") throw wrongUsage(`${id} is a batch: name one of its tasks`);
        const steps = required(await session.client().steps(id));
        if (session.json) {
          for (const step of steps) session.emit(step);
          return exit.done;
        }
        const { interactive, columns, write } = session.surroundings;
        const head = ["step", "kind", "name", "status", "took", "tokens", "repaired", "output"];
        write(`${table(head, steps.map(row), { coloured: interactive, columns })}\n`);
        return exit.done;
      }),
    );
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
    typeof step.output === "string" ? step.output : JSON.stringify(step.output ?? ""),
  ];
}
