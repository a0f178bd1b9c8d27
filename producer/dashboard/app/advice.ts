/** What a person can do about a task that did not succeed, by its reason. Pure. */
import type { Reason } from "./shapes.ts";

const advice: Record<Reason, string> = {
  completed: "",
  budget_steps: "Resume it with a larger limits.steps, or let it do less.",
  budget_model_calls: "Resume it with a larger limits.model_calls.",
  budget_tool_calls: "Resume it with a larger limits.tool_calls.",
  budget_tokens: "Resume it with a larger limits.tokens, or give it shorter inputs.",
  budget_cost: "Resume it with a larger limits.cost_usd, or with a cheaper model.",
  budget_seconds: "Resume it with a larger limits.seconds.",
  budget_egress: "Resume it with larger limits.egress_requests and limits.egress_bytes.",
  invalid_output:
    "Its last try stands below. Resume it with a stronger model, or ask for less in output_schema.",
  no_progress:
    "It went round in circles: the last steps show where. Resume it with another prompt or model.",
  uncertain_effect:
    'Check outside whether the effect happened. Then resume it with "on_uncertain": "retry" to start that step again, or restart it.',
  model_refused: "The model declined. Redrive it with another prompt or model.",
  model_error:
    "The message says what the endpoint refused. Mend the request or the configuration, then resume it.",
  policy_error:
    "Its policy is missing, invalid, or not for this tenant. Mend the policy, then restart it.",
  sandbox_unavailable: "What it names is not configured here: Tools and policies says what to set.",
  attempts_exhausted:
    "All attempts met the errors below. Once their cause is gone, resume it: finished steps are not repeated.",
  cancelled: "It was cancelled. Resume it to go on behind its last step.",
  expired: "Its expires_at passed. Resume it to go on without that limit.",
};

export const adviceFor = (reason: Reason | null): string => (reason === null ? "" : advice[reason]);
