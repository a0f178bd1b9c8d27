/** What a task was asked; and of a finished one the whole journal, for a replay: what was said, done and decided, and by which policy. */

import { parsePolicy } from "../../../policies/policy.ts";
import { getText, objectKeys } from "../../../shared/objects.ts";
import { err, ok } from "../../../shared/result.ts";
import { isTerminal } from "../../../shared/states.ts";
import { readEgress } from "../../../shared/store/egress_log.ts";
import { keptPolicy } from "../../../shared/store/policies.ts";
import { readWholeTask } from "../../../shared/store/redrives.ts";
import { type Call, type Handler, type Route, route } from "../../http/call.ts";
import { offeringsOf } from "../../tasks/available_tools.ts";
import { decisionView, taskView } from "../../tasks/view.ts";
import * as operations from "../operations.ts";
import { taskOf } from "../tasks/handlers.ts";
import { transcriptOf } from "../traces/handlers.ts";

/** The task with its body, as it was sent and as redrives changed it; a large one stands in R2. */
async function wholeOf({ env, principal: { tenant } }: Call, id: string) {
  const whole = await readWholeTask(env.DB, tenant, id);
  const spec = whole?.spec ?? (await getText(env.OBJECTS, objectKeys.spec(tenant, id)));
  return { whole, spec };
}

const spec: Handler = async (call) => {
  const found = await taskOf(call);
  if (!found.ok) return found;
  const { spec: text } = await wholeOf(call, found.value.id);
  if (text === null) {
    return err({ kind: "no_result", message: "the body of this task is gone" });
  }
  return ok(new Response(text, { headers: { "content-type": "application/json" } }));
};

const journal: Handler = async (call) => {
  const { env, principal } = call;
  const { tenant } = principal;
  const found = await taskOf(call);
  if (!found.ok) return found;
  const { id, status } = found.value;
  const { whole, spec } = await wholeOf(call, id);
  if (whole === null || spec === null || !isTerminal(status)) {
    const message = isTerminal(status)
      ? "the body of this task is gone, and without it nothing can be replayed"
      : `this task is ${status}: its journal is whole once it has ended`;
    return err({ kind: "no_result", message });
  }
  const [transcript, decisions, text, offerings] = await Promise.all([
    transcriptOf(env, whole),
    readEgress(env.DB, tenant, id),
    whole.policy_hash === null ? null : keptPolicy(env.DB, whole.policy_hash),
    offeringsOf(env, tenant),
  ]);
  if (!transcript.ok) return transcript;
  const { steps } = transcript.value;
  // A run before a restart has decisions of its own, which were made before this one's first step.
  const from = steps[0]?.started_at ?? 0;
  return ok(
    Response.json({
      v: 1,
      task: taskView(whole),
      spec: JSON.parse(spec) as unknown,
      steps,
      resumed_from: whole.resumed_from ?? 0,
      decisions: decisions.filter(({ at }) => at >= from).map(decisionView),
      policy: { name: whole.policy, text: text === null ? null : ownPart(text, tenant) },
      tools: offerings?.tools.filter((tool) => tool.configured).map((tool) => tool.name) ?? null,
    }),
  );
};

/** A policy's text without what it says of other tenants: who they are, and what is signed for them. */
function ownPart(text: string, tenant: string): string | null {
  const parsed = parsePolicy(text);
  if (!parsed.ok) return null;
  const { tenants: _, secrets = [], ...policy } = parsed.policy;
  const own = secrets
    .filter(({ tenants }) => tenants?.includes(tenant) !== false)
    .map((secret) => ({ ...secret, tenants: [tenant] }));
  return JSON.stringify({
    ...policy,
    tenants: [tenant],
    ...(own.length === 0 ? {} : { secrets: own }),
  });
}

export const journalRoutes: readonly Route[] = [
  route(operations.getSpec, spec),
  route(operations.getJournal, journal),
];
