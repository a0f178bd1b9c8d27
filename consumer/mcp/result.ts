/** The result of an MCP tool, as text for the model. Other content is only named. */

import { mcpLimits } from "../../shared/limits.ts";
import { isRecord } from "../../shared/text/json.ts";
import type { ToolResult } from "../tools/define.ts";

/** The parts of a tools/call result that are read; a server may send anything in them. */
export interface McpResult {
  content?: unknown;
  structuredContent?: unknown;
  isError?: unknown;
}

export function resultOf({ content, structuredContent, isError }: McpResult): ToolResult {
  const parts = Array.isArray(content) ? content.slice(0, mcpLimits.partsMax) : [];
  const texts = parts.map(textOf).filter((text) => text !== "");
  if (texts.length === 0 && structuredContent !== undefined && structuredContent !== null) {
    texts.push(JSON.stringify(structuredContent));
  }
  const text = texts.join("\n") || "The tool returned nothing.";
  return { ok: isError !== true, text };
}

const plainText = (text: unknown): string =>
  ["string", "number", "boolean"].includes(typeof text) ? String(text) : "";

function textOf(part: unknown): string {
  if (typeof part === "string") return part;
  if (!isRecord(part)) return "";
  const { type, text, mimeType, uri, resource } = part;
  if (type === "text" || type === undefined) return plainText(text);
  if (type === "resource" && isRecord(resource) && typeof resource.text === "string") {
    return resource.text;
  }
  const kind = [type, mimeType, uri].filter((word) => typeof word === "string").join(" ");
  return `[${kind.slice(0, mcpLimits.fieldCharsMax)} left out: only text is shown]`;
}
