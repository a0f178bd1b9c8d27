/**
 * Makes an MCP server's tool list safe: bounded one-line texts under the server's prefix, so that no name or
 * description imitates another tool or breaks out of its place in the prompt.
 */

import { isOffered, type McpServer } from "../../shared/addresses/mcp_servers.ts";
import { mcpLimits } from "../../shared/limits.ts";
import { checkSchema } from "../../shared/schema/check.ts";
import { isRecord } from "../../shared/text/json.ts";
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

/** The first tool of each name, in the server's order, up to the bound. Entries that are not tools are skipped. */
export function remoteTools(
  prefix: string,
  server: McpServer,
  list: readonly unknown[],
): RemoteTool[] {
  const tools = new Map<string, RemoteTool>();
  const usableTools = list.filter(isRecord).filter(({ name }) => isUsable(name, server));
  // A name that needs no cleaning is kept; other names that would collide are numbered.
  const exact = new Set(
    usableTools.map(({ name }) => String(name)).filter((name) => suffixOf(name) === name),
  );
  const usedNames = new Set<string>();
  for (const { name: rawName, description, inputSchema } of usableTools) {
    const tool = String(rawName);
    const schema = safeSchema(inputSchema);
    if (usedNames.has(tool) || schema === null || suffixOf(tool) === "") continue;
    if (tools.size >= mcpLimits.toolsPerServerMax) break;
    usedNames.add(tool);
    const suffix = suffixOf(tool);
    const name = freeName(`${prefix}__`, suffix, (candidate) => {
      return tools.has(`${prefix}__${candidate}`) || (candidate !== tool && exact.has(candidate));
    });
    tools.set(name, {
      name,
      tool,
      description: `From the MCP server ${prefix}: ${promptLine(description, mcpLimits.descriptionCharsMax)}`,
      schema,
    });
  }
  return [...tools.values()];
}

function isUsable(name: unknown, server: McpServer): boolean {
  const isName = typeof name === "string" && name !== "" && name.length <= mcpLimits.nameCharsMax;
  return isName && isOffered(server, name);
}

const suffixOf = (tool: string): string =>
  tool.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_|_$/g, "");

/** The cleaned name within the length limit, with a number if the name is taken. */
function freeName(prefix: string, suffix: string, isTaken: (suffix: string) => boolean): string {
  const room = mcpLimits.shownNameCharsMax - prefix.length;
  let candidate = suffix.slice(0, room);
  for (let number = 2; isTaken(candidate); number += 1) {
    const end = `_${number}`;
    candidate = `${suffix.slice(0, room - end.length)}${end}`;
  }
  return `${prefix}${candidate}`;
}

const anyObject = { type: "object", additionalProperties: true };

/**
 * A schema that is absent, odd or unsafe becomes "any object": the server checks its own arguments. Null
 * for a schema that says outright that the arguments are not an object.
 */
function safeSchema(schema: unknown): Record<string, unknown> | null {
  if (!isRecord(schema)) return anyObject;
  const types: readonly unknown[] = Array.isArray(schema.type)
    ? schema.type
    : [schema.type ?? "object"];
  if (!types.includes("object")) return null;
  if (JSON.stringify(schema).length > mcpLimits.schemaCharsMax) return anyObject;
  const { $schema: _, $id: __, ...rest } = schema;
  const withoutNulls = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== null),
  );
  const fullSchema = { ...withoutNulls, type: "object" };
  return checkSchema(fullSchema).length === 0
    ? (boundDescriptions(fullSchema) as Record<string, unknown>)
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
