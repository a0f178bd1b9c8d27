import type { Json } from "../../../shared/json.ts";

/** A call as the endpoint sent it: its arguments may be text, a value or missing. */
export interface WireCall {
  id: string | null;
  name: string;
  arguments: unknown;
}

/** Any endpoint's reply, before anything is decided about it. */
export interface WireReply {
  shape: "chat" | "legacy" | "responses" | "ollama";
  text: string;
  reasoning: string;
  calls: WireCall[];
  /** The endpoint's value for why it stopped. */
  finish: string | null;
  usage: Json | null;
}

/** The text of a content field, which may be a string, a list of parts, a value or null. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (content === null || content === undefined) return "";
  if (!Array.isArray(content)) return JSON.stringify(content);
  const parts: readonly unknown[] = content;
  return parts
    .map((part) => {
      if (typeof part === "string") return part;
      if (typeof part !== "object" || part === null || !("text" in part)) return "";
      return typeof part.text === "string" ? part.text : "";
    })
    .join("");
}
