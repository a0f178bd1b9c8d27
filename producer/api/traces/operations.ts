/** What a task was sent and what it left: spec, result, steps, egress decisions, files and journal. */
import { Type } from "@sinclair/typebox";
import { DurableTask } from "../../../shared/task/task.ts";
import { json, operation } from "../../http/operation.ts";
import { strict } from "../../http/values.ts";
import { DecisionList } from "../egress/responses.ts";
import { FileList, JournalResponse, ResultResponse, StepList } from "./responses.ts";

export const StepsQuery = Type.Partial(
  Type.Object({
    fence: Type.String({ description: "a fence of the task's history; default: the latest run" }),
  }),
  strict,
);

export const getResult = operation({
  id: "getResult",
  method: "GET",
  path: "/v1/tasks/:id/result",
  scope: "read",
  summary: "Returns the result object of a task that succeeded.",
  responses: { 200: json(ResultResponse) },
  errors: ["no_result"],
});

export const listSteps = operation({
  id: "listSteps",
  method: "GET",
  path: "/v1/tasks/:id/steps",
  scope: "read",
  summary: "Lists the steps of a task in order, whether it has settled or not.",
  query: StepsQuery,
  responses: { 200: json(StepList) },
  errors: ["conflict"],
});

export const listDecisions = operation({
  id: "listDecisions",
  method: "GET",
  path: "/v1/tasks/:id/egress",
  scope: "read",
  summary: "Lists every decision of the egress gateway on a task's requests.",
  responses: { 200: json(DecisionList) },
});

export const listFiles = operation({
  id: "listFiles",
  method: "GET",
  path: "/v1/tasks/:id/files",
  scope: "read",
  summary: "Lists the current files of a task's workspace.",
  responses: { 200: json(FileList) },
  errors: ["conflict"],
});

export const getFile = operation({
  id: "getFile",
  method: "GET",
  path: "/v1/tasks/:id/files/*",
  scope: "read",
  summary: "Downloads one file.",
  responses: { 200: { "application/octet-stream": Type.Uint8Array() } },
  errors: ["unreadable", "conflict"],
});

export const getSpec = operation({
  id: "getSpec",
  method: "GET",
  path: "/v1/tasks/:id/spec",
  scope: "read",
  summary: "Returns the task as submitted, with the overrides of its redrives.",
  responses: { 200: json(DurableTask) },
  errors: ["no_result"],
});

export const getJournal = operation({
  id: "getJournal",
  method: "GET",
  path: "/v1/tasks/:id/journal",
  scope: "read",
  summary: "Returns everything that is needed to replay a settled task.",
  responses: { 200: json(JournalResponse) },
  errors: ["no_result", "conflict"],
});
