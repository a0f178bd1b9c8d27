/** Decisions of the egress gateway. `bytes_in` and `bytes_out` count bodies only. */
import { type Static, Type } from "@sinclair/typebox";
import { Count, NextCursor, oneOf, orNull, Time } from "../../http/values.ts";

export const actions = ["allow", "inject", "deny"] as const;
export const Action = oneOf(actions);

const decisionFields = {
  at: Time,
  method: Type.String(),
  url: Type.String({ description: "values that look like credentials are masked" }),
  action: Action,
  policy: Type.String(),
  rule: orNull(Type.Integer()),
  reason: Type.String({
    description: "`unknown`: it may have been sent, its outcome is not known",
  }),
  credential: orNull(Type.String({ description: "the name of the injected secret" })),
  status: orNull(Type.Integer({ description: "null if nothing was sent or received" })),
  bytes_in: Count,
  bytes_out: Count,
  duration_ms: Type.Number({ minimum: 0 }),
  step: Count,
};

export const DecisionResponse = Type.Object(decisionFields, {
  $id: "Decision",
  essential: ["at", "url", "action"],
});
export type DecisionResponse = Static<typeof DecisionResponse>;

export const DecisionList = Type.Object({ decisions: Type.Array(DecisionResponse) });

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

const trafficFields = { requests: Count, denied: Count, bytes_in: Count, bytes_out: Count };

export const EgressTaskPage = Type.Object({
  tasks: Type.Array(
    Type.Object(
      {
        task_id: Type.String(),
        custom_id: orNull(Type.String()),
        batch_id: orNull(Type.String()),
        ...trafficFields,
        first_at: Time,
        last_at: Time,
      },
      { $id: "EgressTask", essential: ["task_id", "requests", "denied"] },
    ),
  ),
  next_cursor: NextCursor,
});
export type EgressTaskPage = Static<typeof EgressTaskPage>;

export const HostResponse = Type.Object(
  {
    host: Type.String(),
    ...trafficFields,
    last_at: Time,
    outcomes: Type.Array(Type.Object({ action: Action, reason: Type.String(), requests: Count })),
  },
  { $id: "EgressHost", essential: ["host", "requests", "denied", "outcomes"] },
);
export type HostResponse = Static<typeof HostResponse>;

export const HostList = Type.Object({
  hosts: Type.Array(HostResponse),
  truncated: Type.Boolean({ description: "there are more hosts than the limit" }),
  looked_at: Type.Integer({
    minimum: 0,
    description: "how many decisions were read, newest first",
  }),
  more: Type.Boolean({ description: "there are older decisions, which are not counted" }),
});
export type HostList = Static<typeof HostList>;
