/**
 * The tools of a task's MCP servers: listed once, pinned by the caller, made callable in each slice. What a
 * tool looks like is pinned, for the prompt's bytes; whether it may be called and what it does is for the
 * operator to say, and so is read from the configuration of the slice.
 */
import { mcpLimits } from "../../shared/limits.ts";
import { defineRemote, refused, type Tool } from "../tools/define.ts";
import type { McpConnection } from "./connection.ts";
import { type RemoteTool, remoteTools } from "./remote_tools.ts";
import { resultOf } from "./result.ts";
import { effectOf, type McpServer, offers } from "../../shared/mcp_servers.ts";

/** One server as it is pinned. `down` says why it listed nothing; the task goes on without it. */
export interface PinnedServer {
  name: string;
  tools: RemoteTool[];
  down: string | null;
}

/** Asks a server for its tools, a second time where the first fails. */
export async function listed(
  name: string,
  server: McpServer,
  connection: McpConnection,
): Promise<PinnedServer> {
  let answer = await connection.list();
  if (!answer.ok) answer = await connection.list();
  if (!answer.ok) return { name, tools: [], down: answer.message };
  return { name, tools: remoteTools(name, server, answer.value), down: null };
}

/** What the model may call of a server: its tools, or one that says why there are none. */
export function callable(
  pinned: PinnedServer,
  server: McpServer,
  connection: McpConnection,
): Tool[] {
  if (pinned.down !== null) return [unavailable(pinned.name, pinned.down)];
  return pinned.tools.map(({ name, tool, description, schema }) => {
    const shown = { name, description, schema };
    if (!offers(server, tool)) return withdrawn(shown);
    const effect = effectOf(server, tool);
    return defineRemote({
      ...shown,
      effect,
      async run(input) {
        const answer = await connection.call({ tool, effect }, input);
        return answer.ok ? resultOf(answer.value) : refused(answer.message);
      },
    });
  });
}

/** A tool that the operator has taken away since: the model still sees it, and a call is answered here. */
function withdrawn(shown: Pick<RemoteTool, "name" | "description" | "schema">): Tool {
  const why = `${shown.name} is no longer offered: the operator has taken it away since this task began. Go on without it.`;
  return defineRemote({ ...shown, effect: "read", run: async () => refused(why) });
}

/** A server that is down is an answer and not the end of the task. */
function unavailable(name: string, why: string): Tool {
  return defineRemote({
    name: `${name}__unavailable`,
    description: `The MCP server ${name} did not answer when this task began, so its tools are missing. Answers why.`,
    schema: { type: "object", properties: {}, additionalProperties: false },
    effect: "read",
    run: async () =>
      refused(
        `${why.slice(0, mcpLimits.errorCharsMax)} Go on without it, and say so in the answer.`,
      ),
  });
}
