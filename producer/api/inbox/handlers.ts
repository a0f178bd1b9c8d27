/** Messages of the queue `inbox` that made no task. */

import { ok } from "../../../shared/result.ts";
import { listDeadMessages } from "../../../shared/store/inbox.ts";
import { type Handler, type Route, route } from "../../http/call.ts";
import { isoTime } from "../../tasks/view.ts";
import * as operations from "../operations.ts";

/** `body` is text: a long one is cut, and is no JSON any more. */
const dead: Handler = async ({ env, principal }) => {
  const rows = await listDeadMessages(env.DB, principal.tenant);
  const messages = rows.map(({ id, body, problem, received_at: at }) => ({
    id,
    received_at: isoTime(at),
    body,
    error: JSON.parse(problem) as unknown,
  }));
  return ok(Response.json({ messages }));
};

export const inboxRoutes: readonly Route[] = [route(operations.listDeadMessages, dead)];
