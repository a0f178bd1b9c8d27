/**
 * The values that many answers hold. An answer's schema may say what is `essential`: the fields without
 * which no fleet of any version answers, by which the command line tells a fleet from another service.
 */
import { type TSchema, Type } from "@sinclair/typebox";

export const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** ISO 8601, UTC. */
export const Time = Type.String({ format: "date-time" });

/** Where the next page begins; null on the last one. */
export const NextCursor = orNull(Type.String());

export const Count = Type.Integer({ minimum: 0 });

/** What people are charged for or stopped by. Tokens that no price is known for are unpriced. */
export const UsageAnswer = Type.Object(
  {
    steps: Count,
    model_calls: Count,
    tool_calls: Count,
    prompt_tokens: Count,
    cached_tokens: Count,
    completion_tokens: Count,
    unpriced_tokens: Count,
    cost_usd: Type.Number({ minimum: 0 }),
    egress_requests: Count,
    egress_bytes: Count,
  },
  { $id: "Usage" },
);
