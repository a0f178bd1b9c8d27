/**
 * The fields of a task's two canonical log lines: one for each step, one for its end. Only ids, counts and codes.
 * The name of a tool that a model made up is left out, because it is the model's text.
 */
import type { LogFields } from "../../shared/platform/log.ts";
import type { Usage } from "../../shared/spend/usage.ts";
import type { Claim } from "../../shared/store/tasks/claim.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { Step } from "../../shared/task/step.ts";
import type { SettledOutcome } from "../slice/outcome.ts";

export function stepFields(claim: Claim, step: Step): LogFields {
  const { payload } = step;
  const head = {
    task_id: claim.id,
    fence: claim.fence,
    seq: step.seq,
    kind: payload.kind,
    name: step.status === "refused" ? null : step.name,
    status: step.status,
    duration_ms: step.duration_ms,
  };
  switch (payload.kind) {
    case "tool":
      return head;
    case "model": {
      const { prompt_tokens, cached_tokens, completion_tokens, cost_usd } = payload.usage;
      return {
        ...head,
        finish: payload.reply?.finish ?? null,
        error: payload.failure?.code ?? null,
        prompt_tokens,
        cached_tokens,
        completion_tokens,
        cost_usd,
      };
    }
  }
}

export function settledFields(task: TaskRow, outcome: SettledOutcome, used: Usage): LogFields {
  return {
    task_id: task.id,
    tenant: task.tenant,
    batch_id: task.batch_id,
    fence: task.fence,
    status: outcome.status,
    reason: outcome.reason,
    error: outcome.error?.code ?? null,
    model: task.model,
    policy: task.policy,
    sandbox: task.sandbox,
    attempt: task.attempt,
    steps: used.steps,
    model_calls: used.model_calls,
    tool_calls: used.tool_calls,
    prompt_tokens: used.prompt_tokens,
    cached_tokens: used.cached_tokens,
    completion_tokens: used.completion_tokens,
    cost_usd: used.cost_usd,
    seconds: used.seconds,
    egress_requests: used.egress_requests,
    egress_bytes: used.egress_bytes,
  };
}
