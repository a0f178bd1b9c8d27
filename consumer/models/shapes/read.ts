import { isRecord } from "../../../shared/json.ts";
import { modelLimits } from "../../../shared/limits.ts";
import { readChat, readOllama } from "./chat.ts";
import { readLegacy } from "./legacy.ts";
import { readResponses } from "./responses.ts";
import type { WireReply } from "./wire.ts";

export type Read =
  | { kind: "reply"; reply: WireReply }
  /** A 200 that holds an error. */
  | { kind: "error"; body: unknown }
  | { kind: "unknown" };

function filled(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && value !== false;
}

/**
 * Finds the reply in a body only by its shape: several engines serve the same model id, so
 * the model's name decides nothing. Envelopes are opened to a small depth.
 */
export function readShape(body: unknown, depth: number = modelLimits.envelopeDepthMax): Read {
  if (!isRecord(body)) return { kind: "unknown" };
  const reply = readChat(body) ?? readResponses(body) ?? readOllama(body) ?? readLegacy(body);
  if (reply !== null) return { kind: "reply", reply };
  if (filled(body.error)) return { kind: "error", body };
  const errors = Array.isArray(body.errors) && body.errors.length > 0;
  if (body.success === false || (errors && !filled(body.result))) return { kind: "error", body };
  if (body.internalCode !== undefined) return { kind: "error", body };
  return isRecord(body.result) && depth > 0
    ? readShape(body.result, depth - 1)
    : { kind: "unknown" };
}
