/** What an MCP tool answered, as text for the model. What is no text is named and left out. */
import { mcpLimits } from "../../shared/limits.ts";
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
  if (texts.length === 0 && structuredContent !== undefined) {
    texts.push(JSON.stringify(structuredContent));
  }
  const text = texts.join("\n") || "The tool answered nothing.";
  return { ok: isError !== true, text };
}

function textOf(part: unknown): string {
  if (typeof part !== "object" || part === null) return "";
  const { type, text, mimeType, uri, resource } = part as Record<string, unknown>;
  if (type === "text") return typeof text === "string" ? text : "";
  if (type === "resource" && typeof resource === "object" && resource !== null) {
    const inner = (resource as Record<string, unknown>).text;
    if (typeof inner === "string") return inner;
  }
  const what = [type, mimeType, uri].filter((word) => typeof word === "string").join(" ");
  return `[${what.slice(0, mcpLimits.fieldCharsMax)} left out: only text is passed on]`;
}
