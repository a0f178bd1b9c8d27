/** Evaluations: create, read, rows, grade, compare, delete. */
import { Type } from "@sinclair/typebox";
import { evalIdPattern } from "../../../shared/identity/ids.ts";
import { evalLimits } from "../../../shared/limits.ts";
import { EvalSpec } from "../../evals/eval_spec.ts";
import { json, operation } from "../../http/operation.ts";
import { cursorOf, limitUpTo, strict } from "../../http/values.ts";
import { EvalComparison, EvalPage, EvalResponse, EvalRowLine } from "./responses.ts";

export const createEval = operation({
  id: "createEval",
  method: "POST",
  path: "/v1/evals",
  scope: "submit",
  addsWork: true,
  summary:
    "Runs variants of a task over the same rows, a batch for each, and grades their answers. 200 if the idempotency key was used before with the same body.",
  idempotent: true,
  body: json(EvalSpec),
  responses: { 200: json(EvalResponse), 202: json(EvalResponse) },
  errors: ["conflict"],
});

export const EvalQuery = Type.Partial(
  Type.Object(
    {
      cursor: cursorOf(evalIdPattern),
      limit: limitUpTo(evalLimits.listRowsMax, evalLimits.listRowsDefault),
    },
    strict,
  ),
  strict,
);

export const listEvals = operation({
  id: "listEvals",
  method: "GET",
  path: "/v1/evals",
  scope: "read",
  summary: "Lists evaluations without their reports, newest first.",
  query: EvalQuery,
  responses: { 200: json(EvalPage) },
});

export const getEval = operation({
  id: "getEval",
  method: "GET",
  path: "/v1/evals/:id",
  scope: "read",
  summary: "Returns an evaluation, with its report once it is finished.",
  responses: { 200: json(EvalResponse) },
});

export const EvalRowsQuery = Type.Partial(Type.Object({ differs: Type.Boolean() }, strict), strict);

export const getEvalRows = operation({
  id: "getEvalRows",
  method: "GET",
  path: "/v1/evals/:id/rows",
  scope: "read",
  summary:
    "Returns each row with the graded answers of every variant, or only rows on which they differ.",
  query: EvalRowsQuery,
  responses: { 200: { "application/x-ndjson": EvalRowLine } },
  errors: ["conflict"],
});

export const gradeEval = operation({
  id: "gradeEval",
  method: "POST",
  path: "/v1/evals/:id/grade",
  scope: "submit",
  summary: "Continues an evaluation whose batches are finished now, instead of in the next minute.",
  responses: { 200: json(EvalResponse) },
});

export const EvalCompareQuery = Type.Object(
  { with: Type.String({ pattern: evalIdPattern }) },
  strict,
);

export const compareEvals = operation({
  id: "compareEvals",
  method: "GET",
  path: "/v1/evals/:id/comparison",
  scope: "read",
  summary: "Compares the variants of two finished evaluations over the same rows.",
  query: EvalCompareQuery,
  responses: { 200: json(EvalComparison) },
  errors: ["conflict"],
});

export const deleteEval = operation({
  id: "deleteEval",
  method: "DELETE",
  path: "/v1/evals/:id",
  scope: "admin",
  summary:
    "Deletes an evaluation with its rows and grades. Its batches stay until their retention ends.",
  responses: { 200: json(Type.Object({ id: Type.String(), deleted: Type.Literal(true) })) },
});
