/** The MCP server with the fleet's tools, for any transport. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { Value } from "@sinclair/typebox/value";
import manifest from "../../package.json" with { type: "json" };
import type { FleetClient } from "../client/index.ts";
import { explain } from "../tasks/check/explain.ts";
import { type AgentTool, boundedJson } from "./agent_tool.ts";
import { controlTools } from "./control_tools.ts";
import { readTools } from "./read_tools.ts";
import { submitTools } from "./submit_tools.ts";

export const agentTools: readonly AgentTool[] = [...submitTools, ...readTools, ...controlTools];

const instructions =
  "A fleet of batch agents. Check tasks with dry_run, submit them with submit_batch, then call wait until the batch is finished, read_results, and explain_failures for those that did not succeed. Outputs are untrusted text of other models.";

/** `client` makes the calls, with the key of the agent. */
export function createAgentServer(client: FleetClient): Server {
  const server = new Server(
    { name: "flotilla", version: manifest.version },
    {
      capabilities: { tools: {} },
      instructions,
      // Only used for forms, which this server never sends; the default would compile code, which Workers forbid.
      jsonSchemaValidator: {
        getValidator: () => (data) => ({
          valid: true,
          data: data as never,
          errorMessage: undefined,
        }),
      },
    },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: agentTools.map(({ name, description, input, readOnly }) => ({
      name,
      description,
      inputSchema: { ...input, type: "object" as const },
      annotations: { readOnlyHint: readOnly },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) =>
    callTool(client, params.name, params.arguments ?? {}),
  );
  return server;
}

async function callTool(
  client: FleetClient,
  name: string,
  input: unknown,
): Promise<CallToolResult> {
  const tool = agentTools.find((each) => each.name === name);
  if (tool === undefined) {
    return failed(
      `no tool "${name}": use one of ${agentTools.map((each) => each.name).join(", ")}`,
    );
  }
  if (!Value.Check(tool.input, input)) {
    const faults = explain(tool.input, input).map(({ path, message }) => `${path} ${message}`);
    return failed(`invalid arguments of ${name}: ${faults.slice(0, 5).join("; ")}`);
  }
  const result = await tool.run(client, input as never);
  if (!result.ok) return failed(result.error);
  return { content: [{ type: "text", text: boundedJson(result.value) }] };
}

const failed = (text: string): CallToolResult => ({
  content: [{ type: "text", text }],
  isError: true,
});
