/** Approvals: list, read, decide one, decide many. */
import { type Static, Type } from "@sinclair/typebox";
import { approvalIdPattern, batchIdPattern, taskIdPattern } from "../../../shared/identity/ids.ts";
import { approvalLimits } from "../../../shared/limits.ts";
import { json, operation } from "../../http/operation.ts";
import { cursorOf, limitUpTo, oneOf, strict } from "../../http/values.ts";
import { ApprovalPage, ApprovalResponse, DecidedApprovals } from "./responses.ts";

const filter = {
  batch_id: Type.Optional(Type.String({ pattern: batchIdPattern })),
  task_id: Type.Optional(Type.String({ pattern: taskIdPattern })),
  tool: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
};

const decision = {
  decision: oneOf(["approve", "deny"]),
  note: Type.Optional(
    Type.String({
      maxLength: approvalLimits.noteCharsMax,
      description: "a sentence for the model, if the call is denied",
    }),
  ),
};

export const ApprovalQuery = Type.Object(
  {
    ...filter,
    cursor: Type.Optional(cursorOf(approvalIdPattern)),
    limit: Type.Optional(limitUpTo(approvalLimits.listRowsMax, approvalLimits.listRowsDefault)),
  },
  strict,
);

export const ApprovalDecision = Type.Object(
  {
    ...decision,
    arguments: Type.Optional(
      Type.Object({}, { additionalProperties: true, description: "instead of the model's own" }),
    ),
  },
  { ...strict, $id: "ApprovalDecision" },
);
export type ApprovalDecision = Static<typeof ApprovalDecision>;

export const ManyApprovals = Type.Object(
  { ...filter, ...decision, dry_run: Type.Optional(Type.Boolean()) },
  { ...strict, $id: "ManyApprovals" },
);
export type ManyApprovals = Static<typeof ManyApprovals>;

export const listApprovals = operation({
  id: "listApprovals",
  method: "GET",
  path: "/v1/approvals",
  scope: "read",
  summary: "Lists the calls that wait for a person, oldest first.",
  query: ApprovalQuery,
  responses: { 200: json(ApprovalPage) },
});

export const getApproval = operation({
  id: "getApproval",
  method: "GET",
  path: "/v1/approvals/:id",
  scope: "read",
  summary: "Returns a call that waits for a person, or what was decided on it.",
  responses: { 200: json(ApprovalResponse) },
});

export const decideApproval = operation({
  id: "decideApproval",
  method: "POST",
  path: "/v1/approvals/:id",
  scope: "approve",
  summary: "Approves a call, with other arguments if given, or denies it.",
  body: json(ApprovalDecision),
  responses: { 200: json(ApprovalResponse) },
  errors: ["conflict"],
});

export const decideApprovals = operation({
  id: "decideApprovals",
  method: "POST",
  path: "/v1/approvals",
  scope: "approve",
  summary: `Approves or denies up to ${approvalLimits.decidedPerCallMax.toLocaleString("en")} calls that match; with \`dry_run\` only counts them.`,
  body: json(ManyApprovals),
  responses: { 200: json(DecidedApprovals) },
});
