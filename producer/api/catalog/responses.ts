/** The models, tools and egress policies of the fleet. */
import { type Static, Type } from "@sinclair/typebox";
import { Count, oneOf, orNull, Time } from "../../http/values.ts";

/** The limit of one model's calls and how much of it is in use. Fields are null where there is no limit. */
export const ModelLimitResponse = Type.Object(
  {
    model: Type.String(),
    state: oneOf(["unlimited", "serving", "down", "back_off", "breaker", "half_open", "unknown"]),
    closed_until: orNull(Time),
    outage: orNull(
      Type.Object({
        endpoint: Type.String(),
        since: Time,
        next_try_at: Time,
        message: Type.String({ description: "what the endpoint answered last" }),
      }),
    ),
    shared: Type.Boolean({ description: "the limit applies to all models of the endpoint" }),
    requests_per_minute: orNull(Type.Number({ minimum: 0 })),
    allowed_per_minute: orNull(Type.Number({ minimum: 0, description: "granted now" })),
    calls_last_minute: orNull(Count),
    calls_ahead: orNull(Count),
    in_progress: orNull(Count),
    in_progress_max: orNull(Count),
    waiting: orNull(Count),
  },
  { $id: "ModelLimit", essential: ["model", "state"] },
);
export type ModelLimitResponse = Static<typeof ModelLimitResponse>;

export const ModelLimitList = Type.Object(
  { models: Type.Array(ModelLimitResponse) },
  { $id: "Models", essential: ["models"] },
);
export type ModelLimitList = Static<typeof ModelLimitList>;

export const ModelTry = Type.Object(
  { model: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })) },
  { $id: "ModelTry", additionalProperties: false },
);

/** What was found at a model's endpoint; a finding that is not `ok` says what to set. */
export const ModelTryResponse = Type.Object(
  {
    model: Type.String(),
    findings: Type.Array(
      Type.Object({
        check: oneOf(["endpoint", "model"]),
        ok: Type.Boolean(),
        message: Type.String(),
      }),
    ),
  },
  { $id: "TriedModel", essential: ["model", "findings"] },
);
export type ModelTryResponse = Static<typeof ModelTryResponse>;

export const ToolResponse = Type.Object(
  {
    name: Type.String(),
    description: Type.String(),
    effect: oneOf(["read", "idempotent", "effect"]),
    input_schema: Type.Object({}),
    configured: Type.Boolean(),
    reason: orNull(Type.String({ description: "what to set if it is not configured" })),
  },
  { $id: "Tool", essential: ["name", "description", "effect"] },
);

export const ToolsResponse = Type.Object(
  {
    tools: Type.Array(ToolResponse),
    mcp: Type.Array(Type.Object({ name: Type.String(), url: Type.String() })),
    skills: Type.Array(Type.Object({ name: Type.String(), description: Type.String() })),
    faults: Type.Array(Type.String()),
  },
  { $id: "Tools", essential: ["tools", "mcp", "skills", "faults"] },
);
export type ToolsResponse = Static<typeof ToolsResponse>;

/** A policy that the tenant's tasks may name. A policy with a `problem` denies everything. */
const PolicyResponse = Type.Object({
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
export type PolicyResponse = Static<typeof PolicyResponse>;

export const PoliciesResponse = Type.Object({ policies: Type.Array(PolicyResponse) });
