import type { Command } from "commander";
import { exit, required } from "../exit.ts";
import type { Bind } from "../program.ts";
import { table } from "../table.ts";
import type { ToolAnswer } from "../wire.ts";

export function addTools(program: Command, bind: Bind): void {
  program
    .command("tools")
    .description("list the tools that tasks may use, and what to set for those that are hidden")
    .action(
      bind(async (session) => {
        const { tools } = required(await session.client().tools());
        if (session.json) {
          for (const tool of tools) session.emit(tool);
          return exit.done;
        }
        const rows = tools.map((tool) => [
          tool.name,
          tool.configured ? "ok" : "hidden",
          tool.effect,
          tool.configured ? tool.description : (tool.reason ?? ""),
        ]);
        const { interactive, columns, write } = session.surroundings;
        const head = ["tool", "state", "effect", "what it does, or what to set"];
        write(`${table(head, rows, { coloured: interactive, columns })}\n`);
        return exit.done;
      }),
    );
}

/** The tools in one line, for `fleet doctor`: how many there are, and each that is hidden with its reason. */
export function toolsLine(tools: readonly ToolAnswer[]): string {
  const hidden = tools.filter(({ configured }) => !configured);
  const ready = `${tools.length - hidden.length} configured`;
  if (hidden.length === 0) return ready;
  return `${ready}, hidden: ${hidden.map(({ name }) => name).join(", ")} (fleet tools says what to set)`;
}
