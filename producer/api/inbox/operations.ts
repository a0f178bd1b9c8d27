/** Messages of the queue `inbox` that made no task. */
import { json, operation } from "../../http/operation.ts";
import { DeadMessages } from "./responses.ts";

export const listDeadMessages = operation({
  id: "listDeadMessages",
  method: "GET",
  path: "/v1/inbox/dead",
  scope: "read",
  summary: "Lists messages of the queue inbox that made no task, newest first.",
  responses: { 200: json(DeadMessages) },
});
