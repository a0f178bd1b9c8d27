import { isRecord, type Json } from "../../../shared/text/json.ts";

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
  /** The reply came in several choices. */
  split?: boolean;
}

const isReasoningPart = (part: Json): boolean =>
  typeof part.type === "string" && /^(?:thinking|reasoning|thought|summary)/.test(part.type);

const textOf = (part: unknown): string => {
  if (typeof part === "string") return part;
  return isRecord(part) && typeof part.text === "string" ? part.text : "";
};

/** The text of a content field, which may be a string, a list of parts, a value or null; without reasoning. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (content === null || content === undefined) return "";
  if (!Array.isArray(content)) return JSON.stringify(content);
  const parts: readonly unknown[] = content;
  return parts
    .map((part) => (isRecord(part) && isReasoningPart(part) ? "" : textOf(part)))
    .join("");
}

/** The reasoning among the parts of a content field. */
export function reasoningText(content: unknown): string {
  if (!Array.isArray(content)) return "";
  return content
    .filter((part): part is Json => isRecord(part) && isReasoningPart(part))
    .map((part) => {
      const inner = part.thinking ?? part.reasoning ?? part.summary ?? part.text;
      return Array.isArray(inner) ? inner.map(textOf).join("") : textOf({ text: inner });
    })
    .join("");
}
