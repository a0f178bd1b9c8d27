/** Messages of the queue `inbox` that made no task. */
import { ok } from "../../../shared/result.ts";
import { listDeadMessages } from "../../../shared/store/inbox.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { isoTime } from "../../tasks/task_view.ts";
import * as operations from "./operations.ts";
import type { DeadMessages } from "./responses.ts";

const handleListDeadMessages: Handler = async ({ env, principal }) => {
  const rows = await listDeadMessages(env.DB, principal.tenant);
  const messages = rows.map(({ id, body, problem, received_at: at }) => ({
    id,
    received_at: isoTime(at),
    // Not parsed: a long body is cut and is then not valid JSON.
    body,
    error: JSON.parse(problem) as DeadMessages["messages"][number]["error"],
  }));
  return ok(Response.json({ messages } satisfies DeadMessages));
};

export const inboxRoutes: readonly Route[] = [
  route(operations.listDeadMessages, handleListDeadMessages),
];
