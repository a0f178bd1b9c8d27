/** The spec of a task, and the journal of a settled one, which is everything that a replay needs. */

import { parsePolicy } from "../../../policies/policy.ts";
import { getText, objectKeys } from "../../../shared/files/objects.ts";
import { err, ok } from "../../../shared/result.ts";
import { readEgress } from "../../../shared/store/egress/egress_log.ts";
import { readPolicyText } from "../../../shared/store/policies.ts";
import { readWholeTask } from "../../../shared/store/tasks/redrives.ts";
import { isTerminal } from "../../../shared/task/states.ts";
import { type Handler, type RequestContext, type Route, route } from "../../http/route.ts";
import { listAvailableTools } from "../../tasks/check/available_tools.ts";
import { decisionView, taskView } from "../../tasks/task_view.ts";
import { findTask } from "../tasks/handlers.ts";
import { transcriptOf } from "./handlers.ts";
import * as operations from "./operations.ts";

/** The task with its spec, as submitted and as redrives changed it; a large spec is stored in R2. */
async function readSpec({ env, principal: { tenant } }: RequestContext, id: string) {
  const row = await readWholeTask(env.DB, tenant, id);
  const spec = row?.spec ?? (await getText(env.OBJECTS, objectKeys.spec(tenant, id)));
  return { row, spec };
}

const handleGetSpec: Handler = async (context) => {
  const task = await findTask(context);
  if (!task.ok) return task;
  const { spec } = await readSpec(context, task.value.id);
  if (spec === null) {
    return err({ kind: "no_result", message: "the spec of this task is no longer stored" });
  }
  return ok(new Response(spec, { headers: { "content-type": "application/json" } }));
};

const handleGetJournal: Handler = async (context) => {
  const { env, principal } = context;
  const { tenant } = principal;
  const task = await findTask(context);
  if (!task.ok) return task;
  const { id, status } = task.value;
  const { row, spec } = await readSpec(context, id);
  if (row === null || spec === null || !isTerminal(status)) {
    const message = isTerminal(status)
      ? "the spec of this task is no longer stored, so it cannot be replayed"
      : `this task is ${status}: wait until it has settled`;
    return err({ kind: "no_result", message });
  }
  const [transcript, decisions, policyText, available] = await Promise.all([
    transcriptOf(env, row),
    readEgress(env.DB, tenant, id),
    row.policy_hash === null ? null : readPolicyText(env.DB, row.policy_hash),
    listAvailableTools(env, tenant),
  ]);
  if (!transcript.ok) return transcript;
  const { steps } = transcript.value;
  // Decisions of runs before a restart are older than this run's first step.
  const from = steps[0]?.started_at ?? 0;
  return ok(
    Response.json({
      v: 1,
      task: taskView(row),
      spec: JSON.parse(spec) as unknown,
      steps,
      resumed_from: row.resumed_from ?? 0,
      decisions: decisions.filter(({ at }) => at >= from).map(decisionView),
      policy: {
        name: row.policy,
        text: policyText === null ? null : redactTenants(policyText, tenant),
      },
      tools: available?.tools.filter((tool) => tool.configured).map((tool) => tool.name) ?? null,
    }),
  );
};

/** A policy's text without other tenants and their signing secrets. */
function redactTenants(text: string, tenant: string): string | null {
  const parsed = parsePolicy(text);
  if (!parsed.ok) return null;
  const { tenants: _, secrets = [], ...policy } = parsed.value.policy;
  const ownSecrets = secrets
    .filter(({ tenants }) => tenants?.includes(tenant) !== false)
    .map((secret) => ({ ...secret, tenants: [tenant] }));
  return JSON.stringify({
    ...policy,
    tenants: [tenant],
    ...(ownSecrets.length === 0 ? {} : { secrets: ownSecrets }),
  });
}

export const journalRoutes: readonly Route[] = [
  route(operations.getSpec, handleGetSpec),
  route(operations.getJournal, handleGetJournal),
];
