import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { exit } from "../../exit.ts";

export function addMcp(program: Command, bind: Bind): void {
  program
    .command("mcp")
    .description(
      "serve the fleet's tools to an agent over standard input and output (MCP); see docs/agents.md",
    )
    .action(
      bind(async (session) => {
        // Loaded only here: the other commands start without it.
        const { StdioServerTransport } = await import("@modelcontextprotocol/sdk/server/stdio.js");
        const { createAgentServer } = await import("../../../agents/agent_server.ts");
        const server = createAgentServer(session.client());
        const closed = new Promise<void>((resolve) => {
          server.onclose = resolve;
          session.context.stdin.on("end", resolve);
        });
        await server.connect(new StdioServerTransport());
        await closed;
        return exit.ok;
      }),
    );
}
