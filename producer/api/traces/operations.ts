/** What a task was asked and what it leaves behind: its result, its steps, its decisions, its files and its journal. */
import { Type } from "@sinclair/typebox";
import { DurableTask } from "../../../shared/task.ts";
import { json, operation } from "../../http/operation.ts";
import { Decisions } from "../egress/responses.ts";
import { Files, Journal, ResultAnswer, Steps } from "../tasks/responses.ts";

/** Which run is meant: a `fence` of the task's history, the latest where it is left out. */
export const StepsQuery = Type.Partial(
  Type.Object({ fence: Type.String({ description: "a fence of the task's history" }) }),
  { additionalProperties: false },
);

export const getResult = operation({
  id: "getResult",
  method: "GET",
  path: "/v1/tasks/:id/result",
  scope: "read",
  about: "The result object of a task that succeeded.",
  answers: { 200: json(ResultAnswer) },
  refuses: ["no_result"],
});

export const listSteps = operation({
  id: "listSteps",
  method: "GET",
  path: "/v1/tasks/:id/steps",
  scope: "read",
  about: "The steps of a task in order, settled or live.",
  query: StepsQuery,
  answers: { 200: json(Steps) },
  refuses: ["conflict"],
});

export const listDecisions = operation({
  id: "listDecisions",
  method: "GET",
  path: "/v1/tasks/:id/egress",
  scope: "read",
  about: "Every decision of the egress gateway on a task's requests.",
  answers: { 200: json(Decisions) },
});

export const listFiles = operation({
  id: "listFiles",
  method: "GET",
  path: "/v1/tasks/:id/files",
  scope: "read",
  about: "The files of a task's workspace as it stands.",
  answers: { 200: json(Files) },
  refuses: ["conflict"],
});

export const getFile = operation({
  id: "getFile",
  method: "GET",
  path: "/v1/tasks/:id/files/*",
  scope: "read",
  about: "The contents of one file, as a download.",
  answers: { 200: { "application/octet-stream": Type.Uint8Array() } },
  refuses: ["unreadable", "conflict"],
});

export const getSpec = operation({
  id: "getSpec",
  method: "GET",
  path: "/v1/tasks/:id/spec",
  scope: "read",
  about: "The task as it was sent, with what redrives overrode.",
  answers: { 200: json(DurableTask) },
  refuses: ["no_result"],
});

export const getJournal = operation({
  id: "getJournal",
  method: "GET",
  path: "/v1/tasks/:id/journal",
  scope: "read",
  about: "Everything that a replay needs of a finished task.",
  answers: { 200: json(Journal) },
  refuses: ["no_result", "conflict"],
});
