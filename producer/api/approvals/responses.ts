/** A call that waits for a person. */
import { type Static, Type } from "@sinclair/typebox";
import { Count, NextCursor, oneOf, orNull, Time } from "../../http/values.ts";

export const ApprovalResponse = Type.Object(
  {
    id: Type.String(),
    task_id: Type.String(),
    batch_id: orNull(Type.String()),
    tool: Type.String(),
    arguments: Type.Unknown({ description: "as the model wants to call the tool" }),
    arguments_hash: Type.String({ description: "SHA-256 of the tool and its arguments" }),
    last_steps: Type.Array(Type.Object({ seq: Count, name: Type.String(), text: Type.String() }), {
      description: "what the agent did before, shortened",
    }),
    status: oneOf(["pending", "approved", "denied"]),
    on_timeout: oneOf(["fail", "deny", "approve"]),
    deadline_at: Time,
    edited_arguments: Type.Optional(Type.Unknown()),
    note: orNull(Type.String()),
    problem: orNull(
      Type.String({
        description:
          "why the call could not run as approved, so that it waits for a decision again",
      }),
    ),
    decided_by: orNull(Type.String({ description: "the id of the key that decided" })),
    decided_at: orNull(Time),
    created_at: Time,
  },
  { $id: "Approval", essential: ["id", "task_id", "tool", "status"] },
);
export type ApprovalResponse = Static<typeof ApprovalResponse>;

export const ApprovalPage = Type.Object({
  approvals: Type.Array(ApprovalResponse),
  next_cursor: NextCursor,
});
export type ApprovalPage = Static<typeof ApprovalPage>;

export const DecidedApprovals = Type.Object(
  { matched: Count, decided: Count, dry_run: Type.Optional(Type.Boolean()) },
  { $id: "DecidedApprovals" },
);
export type DecidedApprovals = Static<typeof DecidedApprovals>;
