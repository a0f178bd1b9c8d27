/** What the API answers about the fleet itself: its counts, its spend, its tools, its keys, what was lost. */

import { type Static, Type } from "@sinclair/typebox";
import { overviewLimits } from "../../shared/limits.ts";
import { scopes } from "../../shared/new_key.ts";
import { Count, NextCursor, orNull, Time } from "../http/values.ts";
import { ProblemAnswer } from "./batches/responses.ts";

const tokens = {
  prompt_tokens: Count,
  cached_tokens: Count,
  completion_tokens: Count,
  unpriced_tokens: Count,
  cost_usd: Type.Number({ minimum: 0 }),
};

export const SpendToday = Type.Object(
  {
    day: Type.String({ description: "from 00:00 UTC" }),
    cost_usd: Type.Number({ minimum: 0 }),
    tokens: Count,
    unpriced_tokens: Count,
    ceiling_usd: orNull(Type.Number({ minimum: 0 })),
  },
  { $id: "SpendToday" },
);

export const SpendAnswer = Type.Object(
  {
    today: SpendToday,
    spend: Type.Array(
      Type.Object({ day: Type.String(), model: Type.String(), calls: Count, ...tokens }),
    ),
  },
  { $id: "Spend", essential: ["today", "spend"] },
);
export type SpendAnswer = Static<typeof SpendAnswer>;

export const StatsAnswer = Type.Object(
  {
    counts: Type.Object({
      queued: Count,
      running: Count,
      succeeded: Count,
      failed: Count,
      dead: Count,
      cancelled: Count,
      expired: Count,
    }),
    backlog: Count,
    oldest_queued_at: orNull(Time),
    models: Type.Array(Type.Object({ model: Type.String(), tasks: Count, ...tokens }), {
      description: `the ${overviewLimits.modelsMax} with the most tasks, by name`,
    }),
    spend_today: SpendToday,
  },
  { $id: "Stats", essential: ["counts"] },
);
export type StatsAnswer = Static<typeof StatsAnswer>;

/** What one model's calls are limited to, and what is used of it. Null where nothing limits it. */
export const ModelPaceAnswer = Type.Object(
  {
    model: Type.String(),
    state: Type.Union(
      (["unlimited", "serving", "back_off", "breaker", "half_open", "unknown"] as const).map(
        (state) => Type.Literal(state),
      ),
    ),
    closed_until: orNull(Time),
    shared: Type.Boolean({ description: "the limit is the whole endpoint's, other models' too" }),
    requests_per_minute: orNull(Type.Number({ minimum: 0 })),
    allowed_per_minute: orNull(Type.Number({ minimum: 0, description: "granted now" })),
    calls_last_minute: orNull(Count),
    calls_ahead: orNull(Count),
    in_progress: orNull(Count),
    in_progress_max: orNull(Count),
    waiting: orNull(Count),
  },
  { $id: "ModelPace", essential: ["model", "state"] },
);
export type ModelPaceAnswer = Static<typeof ModelPaceAnswer>;

export const ModelsAnswer = Type.Object(
  { models: Type.Array(ModelPaceAnswer) },
  { $id: "Models", essential: ["models"] },
);
export type ModelsAnswer = Static<typeof ModelsAnswer>;

export const ToolAnswer = Type.Object(
  {
    name: Type.String(),
    description: Type.String(),
    effect: Type.Union(
      (["read", "idempotent", "effect"] as const).map((effect) => Type.Literal(effect)),
    ),
    input_schema: Type.Object({}),
    configured: Type.Boolean(),
    reason: orNull(Type.String({ description: "what to set where it is not configured" })),
  },
  { $id: "Tool", essential: ["name", "description", "effect"] },
);

export const ToolsAnswer = Type.Object(
  {
    tools: Type.Array(ToolAnswer),
    mcp: Type.Array(Type.Object({ name: Type.String(), url: Type.String() })),
    skills: Type.Array(Type.Object({ name: Type.String(), description: Type.String() })),
    faults: Type.Array(Type.String()),
  },
  { $id: "Tools", essential: ["tools", "mcp", "skills", "faults"] },
);
export type ToolsAnswer = Static<typeof ToolsAnswer>;

/** A policy as a tenant's tasks may name it. `problem` says why one denies everything. */
const PolicyAnswer = Type.Object({
  name: Type.String(),
  description: orNull(Type.String()),
  rules: Type.Array(
    Type.Object({
      host: Type.String(),
      schemes: Type.Optional(Type.Array(Type.String())),
      port: Type.Optional(Type.Integer()),
      methods: Type.Optional(Type.Array(Type.String())),
      path_prefix: Type.Optional(Type.String()),
      inject: Type.Optional(
        Type.Object({
          header: Type.String(),
          secret: Type.String(),
          prefix: Type.Optional(Type.String()),
        }),
      ),
      route: Type.Optional(Type.String()),
    }),
  ),
  limits: orNull(Type.Record(Type.String(), Type.Number())),
  problem: orNull(Type.String()),
});
export type PolicyAnswer = Static<typeof PolicyAnswer>;

export const PoliciesAnswer = Type.Object({ policies: Type.Array(PolicyAnswer) });

const keyFields = {
  id: Type.String(),
  name: Type.String(),
  tenant: Type.String(),
  scopes: Type.Array(Type.Union(scopes.map((scope) => Type.Literal(scope)))),
  requests_per_minute: orNull(Count),
  backlog: orNull(Count),
  defaults: Type.Object({}),
  created_at: Time,
  expires_at: orNull(Time),
  revoked_at: orNull(Time),
  last_used_at: orNull(Time),
};

export const KeyAnswer = Type.Object(keyFields, {
  $id: "Key",
  essential: ["id", "name", "tenant", "scopes"],
});
export type KeyAnswer = Static<typeof KeyAnswer>;

/** With the key itself, which is shown this once. */
export const MadeKey = Type.Object(
  { ...keyFields, key: Type.String() },
  { $id: "MadeKey", essential: ["id", "name", "tenant", "scopes", "key"] },
);
export const KeyPage = Type.Object({ keys: Type.Array(KeyAnswer), next_cursor: NextCursor });

export const WebhookAnswer = Type.Object(
  {
    id: Type.String(),
    event: Type.Union([Type.Literal("task.ended"), Type.Literal("batch.finished")]),
    subject: Type.String({ description: "the task's or the batch's id" }),
    url: Type.String(),
    state: Type.Union(
      (["waiting", "delivered", "dead"] as const).map((state) => Type.Literal(state)),
    ),
    tries: Count,
    last_error: orNull(Type.String()),
    created_at: Time,
    ended_at: orNull(Time),
  },
  { $id: "WebhookDelivery", essential: ["id", "subject", "url"] },
);
export const WebhookPage = Type.Object({
  webhooks: Type.Array(WebhookAnswer),
  next_cursor: NextCursor,
});

/** Messages of the queue `inbox` that made no task. `body` is text, cut where it is long. */
export const DeadMessages = Type.Object({
  messages: Type.Array(
    Type.Object(
      { id: Type.String(), received_at: Time, body: Type.String(), error: ProblemAnswer },
      { $id: "DeadMessage" },
    ),
  ),
});

export const InputAnswer = Type.Object(
  { key: Type.String(), bytes: Count, sha256: Type.String() },
  { $id: "Input" },
);
export const DeletedInput = Type.Object({ key: Type.String(), deleted: Type.Literal(true) });

export const HealthAnswer = Type.Object({ status: Type.Literal("ok") }, { $id: "Health" });

export const ThroughputAnswer = Type.Object({
  minutes: Type.Array(
    Type.Object({
      at: Time,
      succeeded: Count,
      failed: Count,
      dead: Count,
      cancelled: Count,
      expired: Count,
      tokens: Count,
      cost_usd: Type.Number({ minimum: 0 }),
    }),
  ),
  complete_from: Time,
});
