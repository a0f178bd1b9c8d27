/** Decisions of the egress gateway as the API answers them. Bytes are of bodies. */
import { type Static, Type } from "@sinclair/typebox";
import { Count, NextCursor, orNull, Time } from "../../http/values.ts";

export const actions = ["allow", "inject", "deny"] as const;
export const Action = Type.Union(actions.map((action) => Type.Literal(action)));

const decisionFields = {
  at: Time,
  method: Type.String(),
  url: Type.String({ description: "values that look like credentials are masked" }),
  action: Action,
  policy: Type.String(),
  rule: orNull(Type.Integer()),
  reason: Type.String(),
  credential: orNull(Type.String({ description: "the name of the injected secret" })),
  status: orNull(Type.Integer({ description: "null where nothing was sent or came back" })),
  bytes_in: Count,
  bytes_out: Count,
  duration_ms: Type.Number({ minimum: 0 }),
  step: Count,
};

export const DecisionAnswer = Type.Object(decisionFields, {
  $id: "Decision",
  essential: ["at", "url", "action"],
});
export type DecisionAnswer = Static<typeof DecisionAnswer>;

export const Decisions = Type.Object({ decisions: Type.Array(DecisionAnswer) });

export const DecisionPage = Type.Object({
  decisions: Type.Array(
    Type.Object(
      {
        task_id: Type.String(),
        custom_id: orNull(Type.String()),
        host: Type.String(),
        ...decisionFields,
      },
      { $id: "TaskDecision", essential: ["task_id", "at", "url", "action"] },
    ),
  ),
  next_cursor: NextCursor,
});
export type DecisionPage = Static<typeof DecisionPage>;

export const EgressTaskPage = Type.Object({
  tasks: Type.Array(
    Type.Object(
      {
        task_id: Type.String(),
        custom_id: orNull(Type.String()),
        batch_id: orNull(Type.String()),
        requests: Count,
        denied: Count,
        bytes_in: Count,
        bytes_out: Count,
        first_at: Time,
        last_at: Time,
      },
      { $id: "EgressTask", essential: ["task_id", "requests", "denied"] },
    ),
  ),
  next_cursor: NextCursor,
});
export type EgressTaskPage = Static<typeof EgressTaskPage>;

export const HostAnswer = Type.Object(
  {
    host: Type.String(),
    requests: Count,
    denied: Count,
    bytes_in: Count,
    bytes_out: Count,
    last_at: Time,
    outcomes: Type.Array(Type.Object({ action: Action, reason: Type.String(), requests: Count })),
  },
  { $id: "EgressHost", essential: ["host", "requests", "denied", "outcomes"] },
);
export type HostAnswer = Static<typeof HostAnswer>;

export const HostList = Type.Object({
  hosts: Type.Array(HostAnswer),
  truncated: Type.Boolean({ description: "there are more hosts than the limit" }),
  looked_at: Type.Integer({
    minimum: 0,
    description: "how many decisions it looked at, the newest",
  }),
  more: Type.Boolean({ description: "there are older decisions, which nothing here counts" }),
});
export type HostList = Static<typeof HostList>;
