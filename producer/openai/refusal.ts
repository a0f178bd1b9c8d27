/** How a call in OpenAI's shape says no: another object than the fleet's own, and other words. */
import { type Static, Type } from "@sinclair/typebox";
import type { RefusalCode } from "../http/refusals.ts";
import { orNull } from "../http/values.ts";

const types = [
  "invalid_request_error",
  "authentication_error",
  "permission_error",
  "rate_limit_error",
  "server_error",
] as const;

export const OpenAiRefusal = Type.Object(
  {
    error: Type.Object({
      message: Type.String({ description: "what is wrong, and what to write instead" }),
      type: Type.Union(types.map((type) => Type.Literal(type))),
      param: orNull(Type.String({ description: "the field that is wrong" })),
      code: Type.String({ description: "a word for programs" }),
    }),
  },
  { $id: "OpenAiRefusal" },
);
export type OpenAiRefusal = Static<typeof OpenAiRefusal>;

type ErrorType = OpenAiRefusal["error"]["type"];

/**
 * Every refusal of the fleet in this shape's words. A fault of one field may have a `code` of its own.
 * Clients of this shape expect 400 where a field is refused.
 */
export const openAiRefusals = {
  unreadable: [400, "invalid_request_error", "unreadable"],
  unauthorized: [401, "authentication_error", "invalid_api_key"],
  forbidden: [403, "permission_error", "insufficient_permissions"],
  not_found: [404, "invalid_request_error", "not_found"],
  no_result: [404, "invalid_request_error", "no_result"],
  method_not_allowed: [405, "invalid_request_error", "method_not_allowed"],
  conflict: [409, "invalid_request_error", "conflict"],
  too_large: [413, "invalid_request_error", "too_large"],
  unsupported_media_type: [415, "invalid_request_error", "unsupported_media_type"],
  refused: [400, "invalid_request_error", "invalid_value"],
  too_many_requests: [429, "rate_limit_error", "rate_limit_exceeded"],
  broken: [500, "server_error", "broken"],
  unavailable: [503, "server_error", "unavailable"],
} as const satisfies Record<RefusalCode, readonly [status: number, type: ErrorType, code: string]>;
