/** What an endpoint's value for "why it stopped" means. */
export type FinishMeaning =
  | "stop"
  | "calls"
  | "length"
  | "filtered"
  /** The engine failed or was aborted: the reply is incomplete. */
  | "interrupted"
  /** A value that is not in the table: never a success. */
  | "unknown"
  /** The endpoint sent no value: older formats have no such field. */
  | "absent";

const meanings: Readonly<Record<Exclude<FinishMeaning, "unknown" | "absent">, readonly string[]>> =
  {
    stop: ["stop", "stop_sequence", "stop_token", "stopped", "eos", "eos_token", "end_of_sequence"]
      .concat(["end", "end_turn", "end_of_text", "complete", "completed", "done", "finished"])
      .concat(["eot", "eom", "normal", "success", "succeeded"]),
    // Also announced for a malformed or unexpected call, which the reply does not contain in readable form.
    calls: [
      "tool_calls",
      "tool_call",
      "tool_use",
      "function_call",
      "function_calls",
      "tool_uses",
    ].concat(["malformed_function_call", "unexpected_tool_call", "malformed_tool_call", "actions"]),
    length: ["length", "max_tokens", "max_output_tokens", "max_new_tokens", "max_length"]
      .concat(["max_completion_tokens", "model_length", "token_limit", "limit", "truncated"])
      .concat(["model_context_window_exceeded", "context_window_exceeded", "context_length"])
      .concat(["context_length_exceeded", "context_overflow", "incomplete", "max_seq_len"]),
    filtered: ["content_filter", "content_filtered", "filtered", "safety", "refusal", "refused"]
      .concat(["recitation", "sensitive", "blocklist", "prohibited_content", "spii", "moderation"])
      .concat(["image_safety", "guardrail_intervened", "guardrail", "error_toxic", "toxicity"])
      .concat(["image_prohibited_content", "image_recitation", "model_armor", "policy", "blocked"]),
    interrupted: ["error", "abort", "aborted", "cancel", "cancelled", "canceled", "user_cancel"]
      .concat(["insufficient_system_resource", "network_error", "engine_error", "server_error"])
      .concat([
        "internal_error",
        "timeout",
        "timed_out",
        "failed",
        "failure",
        "preempted",
        "killed",
      ])
      .concat([
        "connection_error",
        "unavailable",
        "overloaded",
        "interrupted",
        "shutdown",
        "unload",
      ])
      .concat(["load", "error_limit", "model_error", "provider_error", "repetition"]),
  };

const table = new Map(
  Object.entries(meanings).flatMap(([meaning, values]) =>
    values.map((value) => [value, meaning as FinishMeaning] as const),
  ),
);

/** The meaning of a finish reason in any case, with or without `FINISH_REASON_` in front. */
export function finishMeaning(value: string | null): FinishMeaning {
  if (value === null || value.trim() === "") return "absent";
  const reason = value.trim().slice(0, 80).toLowerCase();
  const key = reason.replace(/[^a-z0-9]+/g, "_").replace(/^(?:finish_reason|finishreason)_/, "");
  return table.get(key) ?? "unknown";
}
