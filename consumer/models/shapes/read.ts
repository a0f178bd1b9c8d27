import { modelLimits } from "../../../shared/limits.ts";
import { isRecord, type Json } from "../../../shared/text/json.ts";
import { readChat, readOllama } from "./chat.ts";
import { readLegacy } from "./legacy.ts";
import { readResponses } from "./responses.ts";
import type { WireReply } from "./wire.ts";

export type Read =
  | { kind: "reply"; reply: WireReply }
  /** A response with status 200 that contains an error. */
  | { kind: "error"; body: unknown }
  | { kind: "unknown" };

function isFilled(value: unknown): boolean {
  if (isRecord(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== "" && value !== false;
}

/** An error next to choices or inside one: what text there is was broken off. */
function holdsError(body: Json): boolean {
  const { choices, base_resp: minimax } = body;
  if (isFilled(body.error)) return true;
  if (isRecord(minimax) && typeof minimax.status_code === "number" && minimax.status_code !== 0) {
    return true;
  }
  return Array.isArray(choices) && choices.some((each) => isRecord(each) && isFilled(each.error));
}

/**
 * Finds the reply in a body only by its shape: several engines serve the same model id, so
 * the model's name decides nothing. Envelopes are opened to a small depth.
 */
export function readShape(body: unknown, depth: number = modelLimits.envelopeDepthMax): Read {
  if (!isRecord(body)) return { kind: "unknown" };
  if (holdsError(body)) return { kind: "error", body };
  const reply = readChat(body) ?? readResponses(body) ?? readOllama(body) ?? readLegacy(body);
  if (reply !== null) return { kind: "reply", reply };
  const errors = Array.isArray(body.errors) && body.errors.length > 0;
  if (body.success === false || (errors && !isFilled(body.result))) return { kind: "error", body };
  if (body.internalCode !== undefined) return { kind: "error", body };
  return isRecord(body.result) && depth > 0
    ? readShape(body.result, depth - 1)
    : { kind: "unknown" };
}
