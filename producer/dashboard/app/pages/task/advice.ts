/** What a user can do about a task that did not succeed, by its reason. Pure. */
import type { Reason } from "../../data/responses.ts";

const advice: Record<Reason, string> = {
  completed: "",
  budget_steps: "Resume it with a larger limits.steps, or give it less to do.",
  budget_model_calls: "Resume it with a larger limits.model_calls.",
  budget_tool_calls: "Resume it with a larger limits.tool_calls.",
  budget_tokens: "Resume it with a larger limits.tokens, or give it shorter inputs.",
  budget_cost: "Resume it with a larger limits.cost_usd, or with a cheaper model.",
  budget_seconds: "Resume it with a larger limits.seconds.",
  budget_egress: "Resume it with larger limits.egress_requests and limits.egress_bytes.",
  invalid_output:
    "Its last answer is shown below. Resume it with a stronger model, or simplify output_schema.",
  no_progress:
    "It repeated the same steps: the last ones show where. Resume it with another prompt or model.",
  uncertain_effect:
    'Check outside the fleet whether the effect happened. Then resume it with "on_uncertain": "retry" to repeat that step, or restart it.',
  model_refused: "The model declined. Redrive it with another prompt or model.",
  model_error:
    "The message says what the endpoint rejected. Fix the request or the configuration, then resume it.",
  model_unavailable:
    "Its model's endpoint was down for too long. When the endpoint answers again, resume it, or resume it with another model.",
  check_failed:
    "Its last answer and the check's words are shown below. Resume it with larger limits.corrections or a stronger model, or change the check.",
  no_agreement:
    "Its samples disagree: see their answers below. Give it a clearer prompt, more samples, or escalate to a stronger model.",
  policy_error:
    "Its policy is missing, invalid, or not for this tenant. Fix the policy, then restart it.",
  sandbox_unavailable:
    "What it needs is not configured here: see Tools and policies for what to set.",
  attempts_exhausted:
    "All attempts failed with the errors below. When the cause is fixed, resume it: finished steps are not repeated.",
  cancelled: "It was cancelled. Resume it to continue after its last step.",
  approval_denied:
    "A person denied the call. Change the task, or redrive it from scratch to ask again.",
  approval_expired:
    "No one decided on the call in time. Redrive the task to ask again, or set a longer `approval.seconds`.",
  expired: "Its expires_at has passed. Resume it to continue without that limit.",
};

export const adviceFor = (reason: Reason | null): string => (reason === null ? "" : advice[reason]);
