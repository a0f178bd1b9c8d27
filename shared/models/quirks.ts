/**
 * Every word that a reply's `quirks` may hold: what was repaired or is odd. The journal and the
 * task keep the words, so that a model's habits can be counted.
 */
export const quirkMeanings = {
  thinking_in_text: "The text held reasoning between tags; it was removed.",
  harmony_channels_in_text: "The text held channel tokens; they were removed.",
  text_repeats: "The text ends in one piece repeated over and over.",
  thought_filled_reply: "Reasoning used up the output limit; there is no text.",
  finish_unknown:
    "The endpoint's reason to stop has no known meaning, so the reply is not an answer.",
  markup_in_text: "The text holds tokens of a call or of reasoning that could not be read.",
  calls_in_several_choices: "The endpoint split one reply over several choices.",
  reply_empty: "The reply held neither text nor calls.",
  calls_announced_but_absent: "The endpoint reported calls and sent none.",
  calls_not_announced: "The endpoint sent calls and reported another reason to stop.",
  calls_over_limit: "More calls than a reply may hold; the rest were dropped.",
  call_id_missing: "A call had no id.",
  call_id_repeated: "Two calls had the same id.",
  tool_name_cleaned: "Tokens, a prefix or another case was removed from a tool's name.",
  arguments_empty: "The arguments were empty text, read as no arguments.",
  arguments_encoded_twice: "The whole arguments were JSON inside a JSON string.",
  arguments_wrapped: "The arguments were under one more key, such as arguments or input.",
  code_fence_removed: "A program was sent inside a code fence, which was removed.",
  json_peeled: "A fence, tags or tokens around JSON were removed.",
  json_escapes_repaired: "Wrong escapes inside JSON strings were repaired.",
  json_repaired: "JSON was repaired by guessing; never for a tool with effects.",
  nested_json_decoded: "A list or object inside the arguments was JSON in a string.",
  text_made_value: "A number, boolean or null was sent as text.",
  value_made_text: "Another value was sent where text was wanted.",
  value_made_list: "One value was sent where a list was wanted.",
  null_dropped: "Null was sent for an optional argument and was left out.",
  choice_case_mended: "A choice was sent in another case.",
  call_in_text_kimi: "The text held calls as Kimi writes them.",
  call_in_text_deepseek: "The text held calls as DeepSeek V3 writes them.",
  call_in_text_harmony: "The text held calls as gpt-oss writes them.",
  call_in_text_llama: "The text held calls after Llama's python tag.",
  call_in_text_mistral: "The text held calls as Mistral writes them.",
  call_in_text_gemma: "The text held calls as Gemma writes them.",
  call_in_text_function_xml: "The text held calls as Qwen coder writes them.",
  call_in_text_glm: "The text held calls as GLM writes them.",
  call_in_text_invoke:
    "The text held calls as invoke tags, as MiniMax and DeepSeek V3.2 write them.",
  call_in_text_tagged_json:
    "The text held calls as JSON in tags, as Hermes, Qwen and Granite write them.",
  call_in_text_param_xml: "The text held calls as function and param tags, as MiniCPM writes them.",
  call_in_text_named_key:
    "The text held calls as JSON keyed by their names, as Apertus writes them.",
  call_in_text_action_fence:
    "The text held calls in a fence after Action:, as Command R writes them.",
  call_in_text_functionary: "The text held calls as Functionary writes them.",
  call_in_text_solar: "The text held calls as Solar writes them.",
  call_in_text_solar_open: "The text held calls as Solar Open 2 writes them.",
  call_in_text_kimi_k3: "The text held calls as Kimi K3 writes them.",
  call_in_text_plamo: "The text held calls as PLaMo 3 writes them.",
  call_in_text_inkling: "The text held calls as Inkling writes them.",
  call_in_text_minimax_m3: "The text held calls as MiniMax M3 writes them.",
  call_in_text_qwen_agent: "The text held calls as Qwen's agent template writes them.",
  call_in_text_tagged_python:
    "The text held calls as Python in tags, as LFM2, Olmo 3 and Llama 4 write them.",
  call_in_text_json_fence: "The text held calls in a code fence that is labelled for calls.",
  call_in_text_bare_json: "The whole text was calls as JSON.",
  call_in_text_pythonic: "The whole text was calls as Python.",
  answer_in_text: "The text held the answer instead of a call of `final_answer`.",
  request_streamed: "The endpoint only streams, so a stream was requested.",
  request_without_user_after_tool:
    "The endpoint rejects a user message after a tool result, so the result carries its text.",
  request_with_reasoning: "The endpoint wants past reasoning back, so it was sent.",
  request_without_reasoning: "The endpoint rejects past reasoning, so it was left out.",
  request_smaller_output:
    "The endpoint rejects so large an output limit, so a smaller one was sent.",
  request_other_output_field: "The endpoint wants the output limit in the other field.",
  request_without_tool_choice: "The endpoint rejects `tool_choice`, so it was left out.",
  request_without_response_format: "The endpoint rejects `response_format`, so it was left out.",
  request_without_seed:
    "The endpoint rejects `seed`, so it was left out: replies are not repeatable.",
  request_without_sampling: "The endpoint rejects `temperature` or `top_p`, so it was left out.",
  request_without_thinking:
    "The endpoint rejects the model's thinking settings, so they were left out.",
  request_without_tool_names: "The endpoint rejects names on tool results, so they were left out.",
  prompt_truncated: "The endpoint read only the end of the conversation and did not say so.",
  outputs_elided:
    "Old tool outputs were elided to keep the conversation within the model's window.",
  calls_went_in_circles: "The same calls were repeated with the same results.",
  fallback_model: "The task's own model failed and one of its fallbacks replied.",
} as const;

export type Quirk = keyof typeof quirkMeanings;

/** The families whose calls are found in text. */
export type CallFormatName = Quirk extends infer Each
  ? Each extends `call_in_text_${infer Name}`
    ? Name
    : never
  : never;
