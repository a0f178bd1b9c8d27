/** How the API reports errors: every code with its one status, and the body that carries it. */
import { type Static, Type } from "@sinclair/typebox";

/** One invalid place in a body or a query, and what to write there. `line` counts NDJSON lines from 1. */
export const Detail = Type.Object(
  {
    line: Type.Optional(Type.Integer({ minimum: 1 })),
    path: Type.String(),
    message: Type.String(),
    code: Type.Optional(
      Type.String({ description: "OpenAI's error code, in batches of the OpenAI-compatible API" }),
    ),
  },
  { $id: "Detail", essential: ["message"] },
);
export type Detail = Static<typeof Detail>;

/** Every code with its status and its meaning. */
export const errorCodes = {
  unreadable: [400, "the body is not UTF-8 or not JSON"],
  unauthorized: [401, "the key is missing or unknown"],
  forbidden: [403, "the key does not have the required scope"],
  not_found: [404, "the tenant has no such object"],
  no_result: [404, "the task has no result, or none yet"],
  method_not_allowed: [405, "the `Allow` header names the methods of this path"],
  conflict: [409, "not possible in the current state"],
  too_large: [413, "the body exceeds its limit"],
  unsupported_media_type: [415, "unsupported content type, or a compressed body"],
  refused: [422, "the body or the query is invalid; details say where"],
  too_many_requests: [429, "a limit of the key is reached; retry-after is in seconds"],
  broken: [500, "internal error; see the producer's log"],
  unavailable: [503, "a store does not answer, or no key is configured; retry-after is in seconds"],
} as const satisfies Record<string, readonly [status: number, meaning: string]>;

export type ErrorCode = keyof typeof errorCodes;

export const ErrorResponse = Type.Object(
  {
    error: Type.Object({
      code: Type.Union((Object.keys(errorCodes) as ErrorCode[]).map((code) => Type.Literal(code))),
      message: Type.String({ description: "what is wrong, then what to do" }),
      details: Type.Optional(Type.Array(Detail)),
    }),
  },
  { $id: "Error" },
);
export type ErrorResponse = Static<typeof ErrorResponse>;
