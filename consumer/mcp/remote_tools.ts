/**
 * What an MCP server says of its tools, made harmless: bounded, of one line, under the server's own prefix,
 * so that no name or description stands for another tool or breaks out of its place in the prompt.
 */
import { mcpLimits } from "../../shared/limits.ts";
import { checkSchema } from "../../shared/schema_check.ts";
import { oneLine } from "../../shared/one_line.ts";
import { type McpServer, offers } from "../../shared/mcp_servers.ts";

/** A remote tool as it is pinned: the model sees the same bytes until the task ends. */
export interface RemoteTool {
  /** `<server>__<tool>`, as the model calls it. */
  name: string;
  /** The server's own name of it. */
  tool: string;
  description: string;
  schema: Record<string, unknown>;
}

/** As a server lists it; nothing of it is believed. */
export interface Told {
  name: unknown;
  description?: unknown;
  inputSchema?: unknown;
}

/** The first of each name, in the server's order, up to the bound. */
export function remoteTools(
  prefix: string,
  server: McpServer,
  told: readonly Told[],
): RemoteTool[] {
  const tools = new Map<string, RemoteTool>();
  for (const { name, description, inputSchema } of told) {
    if (typeof name !== "string" || name === "" || name.length > mcpLimits.nameCharsMax) continue;
    if (!offers(server, name)) continue;
    const shown = `${prefix}__${name.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "")}`.slice(
      0,
      mcpLimits.shownNameCharsMax,
    );
    if (tools.has(shown) || shown.endsWith("__")) continue;
    if (tools.size >= mcpLimits.toolsPerServerMax) break;
    tools.set(shown, {
      name: shown,
      tool: name,
      description: `From the MCP server ${prefix}: ${oneLine(description, mcpLimits.descriptionCharsMax)}`,
      schema: usable(inputSchema),
    });
  }
  return [...tools.values()];
}

/** A schema that cannot be used safely is replaced by any object: the server checks its own arguments. */
function usable(schema: unknown): Record<string, unknown> {
  const open = { type: "object", additionalProperties: true };
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return open;
  const given = schema as Record<string, unknown>;
  const text = JSON.stringify(given);
  if (given.type !== "object" || text.length > mcpLimits.schemaCharsMax) return open;
  const { $schema: _, $id: __, ...rest } = given;
  return checkSchema(rest).length === 0 ? (described(rest) as Record<string, unknown>) : open;
}

/** Descriptions inside a schema reach the prompt as well. */
function described(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(described);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      key === "description" && typeof value === "string"
        ? oneLine(value, mcpLimits.fieldCharsMax)
        : described(value),
    ]),
  );
}
