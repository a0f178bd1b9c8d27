import type { Command } from "commander";
import type { ToolsAnswer } from "../../api/fleet_responses.ts";
import { exit, required } from "../exit.ts";
import { counted } from "../output/format.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";

export function addTools(program: Command, bind: Bind): void {
  program
    .command("tools")
    .description("list the tools that tasks may use, and what to set for those that are hidden")
    .action(
      bind(async (session) => {
        const listing = required(await session.client()("GET /v1/tools"));
        const { tools, mcp, skills, faults } = listing;
        if (session.json) {
          session.emit(listing);
          return exit.done;
        }
        const rows = tools.map((tool) => [
          tool.name,
          tool.configured ? "ok" : "hidden",
          tool.effect,
          tool.configured ? tool.description : (tool.reason ?? ""),
        ]);
        for (const { name, url } of mcp) rows.push([name, "ok", "", `MCP server at ${url}`]);
        for (const { name, description } of skills)
          rows.push([name, "ok", "", `skill: ${description}`]);
        for (const fault of faults) rows.push(["", "failed", "", fault]);
        const { write } = session.surroundings;
        const head = ["tool", "state", "effect", "what it does, or what to set"];
        write(`${table(head, rows, session.surroundings)}\n`);
        return exit.done;
      }),
    );
}

/** The tools in one line, for `fleet doctor`: how many there are, and each that is hidden with its reason. */
export function toolsLine({ tools, mcp, skills, faults }: ToolsAnswer): string {
  if (faults.length > 0) return faults.join(" ");
  const hidden = tools.filter(({ configured }) => !configured);
  const ready = `${tools.length - hidden.length} configured, ${counted(mcp.length, "MCP server")}, ${counted(skills.length, "skill")}`;
  if (hidden.length === 0) return ready;
  return `${ready}, hidden: ${hidden.map(({ name }) => name).join(", ")} (fleet tools says what to set)`;
}
