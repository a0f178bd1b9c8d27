/** What happens to tasks after the database was restored to an earlier state. */
import { Type } from "@sinclair/typebox";
import { taskIdPattern } from "../../../shared/identity/ids.ts";
import { json, operation } from "../../http/operation.ts";
import { cursorOf, strict } from "../../http/values.ts";
import { RestoreResponse, ResumeResponse } from "./responses.ts";

export const getRestore = operation({
  id: "getRestore",
  method: "GET",
  path: "/v1/restore",
  scope: "read",
  summary: "Returns whether the database was restored, and when.",
  responses: { 200: json(RestoreResponse) },
});

export const ResumeQuery = Type.Partial(Type.Object({ cursor: cursorOf(taskIdPattern) }), strict);

export const resumeRestored = operation({
  id: "resumeRestored",
  method: "POST",
  path: "/v1/restore/resume",
  scope: "admin",
  summary: "Lets the tenant's tasks run that a restore set aside, a page at a time.",
  query: ResumeQuery,
  responses: { 200: json(ResumeResponse) },
});
