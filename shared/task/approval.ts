/** Which calls of a task wait for a person, as users send it, and what happens without a decision. */
import { type Static, Type } from "@sinclair/typebox";
import { approvalLimits } from "../limits.ts";

const strict = { additionalProperties: false } as const;

/** Tools by name; "effects" are the tools with effects, and requests other than GET and HEAD. */
export const Approve = Type.Union([
  Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
    minItems: 1,
    maxItems: approvalLimits.toolsMax,
  }),
  Type.Literal("effects"),
]);
export type Approve = Static<typeof Approve>;

export const ApprovalOptions = Type.Partial(
  Type.Object(
    {
      seconds: Type.Integer({
        minimum: 1,
        maximum: approvalLimits.secondsMax,
        description: "how long a call waits for a person",
      }),
      on_timeout: Type.Union([Type.Literal("fail"), Type.Literal("deny"), Type.Literal("approve")]),
      on_deny: Type.Union([Type.Literal("continue"), Type.Literal("fail")]),
    },
    strict,
  ),
  strict,
);
export type ApprovalOptions = Static<typeof ApprovalOptions>;

/** The options with their defaults. */
export type ApprovalTerms = Required<ApprovalOptions>;

export const approvalTerms = (options: ApprovalOptions = {}): ApprovalTerms => ({
  seconds: approvalLimits.secondsDefault,
  on_timeout: "fail",
  on_deny: "continue",
  ...options,
});
