/** What tasks may use: every tool, with what to set where it is not configured. */

import { err, ok } from "../../../shared/result.ts";
import { type Handler, type Route, route } from "../../http/call.ts";
import { mailboxFaults } from "../../ingress/mailbox.ts";
import { offeringsOf } from "../../tasks/available_tools.ts";
import * as operations from "../operations.ts";

const list: Handler = async ({ env, principal }) => {
  const listing = await offeringsOf(env, principal.tenant);
  if (listing !== null) {
    const { mail, ...shown } = listing;
    const more = mailboxFaults(env.FLEET_MAILBOXES, principal.tenant, mail);
    return ok(Response.json({ ...shown, faults: [...shown.faults, ...more] }));
  }
  const message =
    "the consumer, which knows what is configured, does not answer: send the request again shortly";
  return err({ kind: "unavailable", message });
};

export const toolRoutes: readonly Route[] = [route(operations.listTools, list)];
