import type { Command } from "commander";
import type { ToolsResponse } from "../../../api/catalog/responses.ts";
import type { Bind } from "../../bind.ts";
import { exit, unwrap } from "../../exit.ts";
import { countText } from "../../output/format.ts";
import { table } from "../../output/table.ts";

export function addTools(program: Command, bind: Bind): void {
  program
    .command("tools")
    .description("list the tools that tasks can use, and what to set for hidden ones")
    .action(
      bind(async (session) => {
        const response = unwrap(await session.client()("GET /v1/tools"));
        if (session.json) session.printJson(response);
        else {
          const head = ["tool", "state", "effect", "what it does, or what to set"];
          session.context.write(`${table(head, rowsOf(response), session.context)}\n`);
        }
        return exit.ok;
      }),
    );
}

const rowsOf = ({ tools, mcp, skills, faults }: ToolsResponse): string[][] => [
  ...tools.map((tool) => [
    tool.name,
    tool.configured ? "ok" : "hidden",
    tool.effect,
    tool.configured ? tool.description : (tool.reason ?? ""),
  ]),
  ...mcp.map(({ name, url }) => [name, "ok", "", `MCP server at ${url}`]),
  ...skills.map(({ name, description }) => [name, "ok", "", `skill: ${description}`]),
  ...faults.map((fault) => ["", "failed", "", fault]),
];

/** One line for `fleet doctor`: how many tools there are, and which are hidden. */
export function toolsSummary({ tools, mcp, skills, faults }: ToolsResponse): string {
  if (faults.length > 0) return faults.join(" ");
  const hidden = tools.filter(({ configured }) => !configured);
  const available = `${tools.length - hidden.length} configured, ${countText(mcp.length, "MCP server")}, ${countText(skills.length, "skill")}`;
  if (hidden.length === 0) return available;
  return `${available}, hidden: ${hidden.map(({ name }) => name).join(", ")} (see fleet tools for what to set)`;
}
