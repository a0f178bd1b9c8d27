/** Counts, throughput and spend of the tenant. */
import { type Static, Type } from "@sinclair/typebox";
import { overviewLimits } from "../../../shared/limits.ts";
import { Count, Dollars, orNull, Time, tokenFields } from "../../http/values.ts";

export const SpendToday = Type.Object(
  {
    day: Type.String({ description: "from 00:00 UTC" }),
    cost_usd: Dollars,
    tokens: Count,
    unpriced_tokens: Count,
    ceiling_usd: orNull(Dollars),
  },
  { $id: "SpendToday" },
);
export type SpendToday = Static<typeof SpendToday>;

export const SpendResponse = Type.Object(
  {
    today: SpendToday,
    spend: Type.Array(
      Type.Object({ day: Type.String(), model: Type.String(), calls: Count, ...tokenFields }),
    ),
  },
  { $id: "Spend", essential: ["today", "spend"] },
);
export type SpendResponse = Static<typeof SpendResponse>;

const settledCounts = {
  succeeded: Count,
  failed: Count,
  dead: Count,
  cancelled: Count,
  expired: Count,
};

export const StatsResponse = Type.Object(
  {
    counts: Type.Object({ queued: Count, running: Count, ...settledCounts }),
    backlog: Count,
    oldest_queued_at: orNull(Time),
    models: Type.Array(Type.Object({ model: Type.String(), tasks: Count, ...tokenFields }), {
      description: `the ${overviewLimits.modelsMax} models with the most tasks, sorted by name`,
    }),
    spend_today: SpendToday,
    database: Type.Object(
      {
        bytes: Count,
        bytes_max: Count,
        state: Type.Union([Type.Literal("ok"), Type.Literal("filling"), Type.Literal("full")]),
      },
      {
        description:
          "of the whole fleet: filling from 80 %, full from 95 %, when new work is refused",
      },
    ),
  },
  { $id: "Stats", essential: ["counts"] },
);
export type StatsResponse = Static<typeof StatsResponse>;

export const ThroughputResponse = Type.Object({
  minutes: Type.Array(
    Type.Object({ at: Time, ...settledCounts, tokens: Count, cost_usd: Dollars }),
  ),
  complete_from: Time,
});
export type ThroughputResponse = Static<typeof ThroughputResponse>;
