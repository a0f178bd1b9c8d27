/** How the API says no. The codes are those of problem.ts, and each has one status. */
import { type Static, Type } from "@sinclair/typebox";
import { Fault } from "./error_body.ts";

/** Every code with the status that it comes with, and when. */
export const refusals = {
  unreadable: [400, "the body is not UTF-8 or not JSON"],
  unauthorized: [401, "no key, or an unknown one"],
  forbidden: [403, "the key lacks the scope that the call needs"],
  not_found: [404, "no such thing of this tenant"],
  no_result: [404, "the task has no result, or none yet"],
  method_not_allowed: [405, "the header allow says which methods the path takes"],
  conflict: [409, "in this state it cannot be done"],
  too_large: [413, "a body over its limit"],
  unsupported_media_type: [415, "another content type, or a compressed body"],
  refused: [422, "a body or a query that breaks a rule; details say where"],
  too_many_requests: [429, "the key has used its calls; retry-after is in seconds"],
  broken: [500, "a fault of the fleet, whose log has the cause"],
  unavailable: [503, "a store does not answer, or no key is configured; retry-after is in seconds"],
} as const satisfies Record<string, readonly [status: number, when: string]>;

export type RefusalCode = keyof typeof refusals;

export const RefusalAnswer = Type.Object(
  {
    error: Type.Object({
      code: Type.Union((Object.keys(refusals) as RefusalCode[]).map((code) => Type.Literal(code))),
      message: Type.String({ description: "what is wrong, and what to write instead" }),
      details: Type.Optional(Type.Array(Fault)),
    }),
  },
  { $id: "Refusal" },
);
export type RefusalAnswer = Static<typeof RefusalAnswer>;
