/**
 * Schemas that many operations share. A response schema may list what is `essential`: the fields that
 * fleets of every version send, by which the command line recognises a fleet.
 */
import { type TSchema, Type } from "@sinclair/typebox";

/** For queries and bodies in which unknown fields are errors. */
export const strict = { additionalProperties: false } as const;

export const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const oneOf = <const T extends string>(values: readonly T[]) =>
  Type.Union(values.map((value) => Type.Literal(value)));

/** A time in ISO 8601, UTC. */
export const Time = Type.String({ format: "date-time" });

export const Count = Type.Integer({ minimum: 0 });

export const Dollars = Type.Number({ minimum: 0 });

/** The cursor of the next page; null on the last page. */
export const NextCursor = orNull(Type.String());

/** The query field `cursor` of a list whose ids match `pattern`. */
export const cursorOf = (pattern: string) =>
  Type.String({ pattern, description: "`next_cursor` of the previous page" });

/** The query field `limit`. */
export const limitUpTo = (maximum: number, fallback: number) =>
  Type.Integer({ minimum: 1, maximum, default: fallback });

/** Tokens of models without a known price are `unpriced_tokens`. */
export const tokenFields = {
  prompt_tokens: Count,
  cached_tokens: Count,
  completion_tokens: Count,
  unpriced_tokens: Count,
  cost_usd: Dollars,
};

/** The unit of a charge or a limit. */
export const UsageResponse = Type.Object(
  {
    steps: Count,
    model_calls: Count,
    tool_calls: Count,
    ...tokenFields,
    egress_requests: Count,
    egress_bytes: Count,
  },
  { $id: "Usage" },
);
