import { modelLimits } from "../limits.ts";
import type { Message, ModelRequest } from "./model.ts";

const asciiCharsPerToken = 4;
const otherCharsPerToken = 1.25;
const tokensPerMessage = 4;
const beyondAscii = /[\u0080-\uffff]/;

/** A rough count: no vocabulary is shipped, since each model has its own and one weighs a megabyte. */
export function estimateTokens(text: string): number {
  // Most texts are plain ASCII, and a search finds that out faster than a count.
  if (!beyondAscii.test(text)) return Math.ceil(text.length / asciiCharsPerToken);
  let other = 0;
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 127) other += 1;
  return Math.ceil((text.length - other) / asciiCharsPerToken + other / otherCharsPerToken);
}

function textOf(message: Message): string {
  if (message.role !== "assistant") return message.content;
  const calls = (message.calls ?? []).map((call) => `${call.name}${call.arguments}`);
  return [message.content, ...calls].join("");
}

function pictureTokensIn(message: Message): number {
  const parts = message.role === "user" ? (message.parts ?? []) : [];
  return parts.reduce((sum, part) => sum + (part.type === "image_url" ? part.tokens : 0), 0);
}

/** The estimated tokens of this request's prompt, including its tools. */
export function estimatePrompt(request: Pick<ModelRequest, "messages" | "tools">): number {
  const messages = request.messages.reduce(
    (sum, message) =>
      sum + tokensPerMessage + estimateTokens(textOf(message)) + pictureTokensIn(message),
    0,
  );
  return request.tools.length === 0
    ? messages
    : messages +
        estimateTokens(
          JSON.stringify(
            request.tools.map((tool) => [tool.name, tool.description, tool.parameters]),
          ),
        );
}

const charsPerTokenAtMost = 6;

/**
 * True where the endpoint counted far fewer prompt tokens than the messages can possibly
 * hold: it dropped the front of the conversation without a word. Runs of one character
 * are folded first, because a vocabulary may spell a whole run as one token.
 */
export function truncatedSilently(request: ModelRequest, promptTokens: number): boolean {
  if (promptTokens <= 0) return false;
  // Folding only shortens a text, so most decisions need no folding.
  const chars = request.messages.reduce((sum, message) => sum + textOf(message).length, 0);
  if (promptTokens >= chars / charsPerTokenAtMost) return false;
  const total = request.messages.reduce(
    (sum, message) =>
      sum +
      textOf(message)
        .replace(/\s+/g, " ")
        .replace(/(.)\1{3,}/g, "$1").length,
    0,
  );
  const fewest = total / charsPerTokenAtMost;
  return fewest >= modelLimits.truncationTokensMin && promptTokens < fewest;
}
