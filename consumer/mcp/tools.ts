/**
 * The tools of a task's MCP servers: listed once, pinned by the caller, callable in each slice. What the model
 * sees is pinned; whether a tool may be called and what effect it has come from the current configuration.
 */

import { effectOf, isOffered, type McpServer } from "../../shared/addresses/mcp_servers.ts";
import { mcpLimits } from "../../shared/limits.ts";
import { defineRemoteTool, type Tool, toolError } from "../tools/define.ts";
import type { McpConnection } from "./connection.ts";
import { type RemoteTool, remoteTools } from "./remote_tools.ts";
import { resultOf } from "./result.ts";

/** One server as it is pinned. `down` says why it listed nothing; the task continues without it. */
export interface PinnedServer {
  name: string;
  tools: RemoteTool[];
  down: string | null;
}

/** Lists a server's tools, with one retry. */
export async function listServerTools(
  name: string,
  server: McpServer,
  connection: McpConnection,
): Promise<PinnedServer> {
  let list = await connection.list();
  if (!list.ok) list = await connection.list();
  if (!list.ok) return { name, tools: [], down: list.error };
  return { name, tools: remoteTools(name, server, list.value), down: null };
}

/** The callable tools of a server, or one tool that says why there are none. */
export function toolsOfServer(
  pinnedServer: PinnedServer,
  server: McpServer,
  connection: McpConnection,
): Tool[] {
  if (pinnedServer.down !== null) return [unavailableTool(pinnedServer.name, pinnedServer.down)];
  return pinnedServer.tools.map(({ name, tool, description, schema }) => {
    const shownTool = { name, description, schema };
    if (!isOffered(server, tool)) return withdrawnTool(shownTool);
    const effect = effectOf(server, tool);
    return defineRemoteTool({
      ...shownTool,
      effect,
      async run(input) {
        const result = await connection.call({ tool, effect }, input);
        return result.ok ? resultOf(result.value) : toolError(result.error);
      },
    });
  });
}

/** A tool that the operator has withdrawn: the model still sees it, and a call of it fails. */
function withdrawnTool(shownTool: Pick<RemoteTool, "name" | "description" | "schema">): Tool {
  const text = `${shownTool.name} is no longer offered: the operator withdrew it after this task started. Continue without it.`;
  return defineRemoteTool({ ...shownTool, effect: "read", run: async () => toolError(text) });
}

function unavailableTool(name: string, reason: string): Tool {
  return defineRemoteTool({
    name: `${name}__unavailable`,
    description: `The MCP server ${name} did not respond when this task started, so its tools are missing. Returns the reason.`,
    schema: { type: "object", properties: {}, additionalProperties: false },
    effect: "read",
    run: async () =>
      toolError(
        `${reason.slice(0, mcpLimits.errorCharsMax)} Continue without it, and say so in the answer.`,
      ),
  });
}
