/**
 * Makes an MCP server's tool list safe: bounded one-line texts under the server's prefix, so that no name or
 * description imitates another tool or breaks out of its place in the prompt.
 */
import { isRecord } from "../../shared/json.ts";
import { mcpLimits } from "../../shared/limits.ts";
import { isOffered, type McpServer } from "../../shared/mcp_servers.ts";
import { checkSchema } from "../../shared/schema_check.ts";
import { promptLine } from "./prompt_line.ts";

/** A remote tool as it is pinned: the model sees the same bytes until the task ends. */
export interface RemoteTool {
  /** `<server>__<tool>`, as the model calls it. */
  name: string;
  /** The server's own name for it. */
  tool: string;
  description: string;
  schema: Record<string, unknown>;
}

/** As a server lists it; nothing in it is trusted. */
export interface ListedTool {
  name: unknown;
  description?: unknown;
  inputSchema?: unknown;
}

/** The first tool of each name, in the server's order, up to the bound. */
export function remoteTools(
  prefix: string,
  server: McpServer,
  listed: readonly ListedTool[],
): RemoteTool[] {
  const tools = new Map<string, RemoteTool>();
  for (const { name: tool, description, inputSchema } of listed) {
    if (typeof tool !== "string" || tool === "" || tool.length > mcpLimits.nameCharsMax) continue;
    if (!isOffered(server, tool)) continue;
    const suffix = tool.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
    const name = `${prefix}__${suffix}`.slice(0, mcpLimits.shownNameCharsMax);
    if (tools.has(name) || name.endsWith("__")) continue;
    if (tools.size >= mcpLimits.toolsPerServerMax) break;
    tools.set(name, {
      name,
      tool,
      description: `From the MCP server ${prefix}: ${promptLine(description, mcpLimits.descriptionCharsMax)}`,
      schema: safeSchema(inputSchema),
    });
  }
  return [...tools.values()];
}

/** A schema that is not safe becomes "any object": the server checks its own arguments. */
function safeSchema(schema: unknown): Record<string, unknown> {
  const anyObject = { type: "object", additionalProperties: true };
  if (!isRecord(schema) || schema.type !== "object") return anyObject;
  if (JSON.stringify(schema).length > mcpLimits.schemaCharsMax) return anyObject;
  const { $schema: _, $id: __, ...rest } = schema;
  return checkSchema(rest).length === 0
    ? (boundDescriptions(rest) as Record<string, unknown>)
    : anyObject;
}

/** Descriptions inside a schema are part of the prompt too. */
function boundDescriptions(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(boundDescriptions);
  if (!isRecord(part)) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      key === "description" && typeof value === "string"
        ? promptLine(value, mcpLimits.fieldCharsMax)
        : boundDescriptions(value),
    ]),
  );
}
