/**
 * Every word a reply's `quirks` may hold: what was mended or found odd. The words stand in
 * the journal and in the task, so that a model's habits can be counted.
 */
export const quirkMeanings = {
  thinking_in_text: "Thought stood in the text between tags and was taken off.",
  harmony_channels_in_text: "Channel tokens stood in the text and were taken off.",
  text_repeats: "The text ends in one piece repeated over and over.",
  thought_filled_reply: "Thought used up the output limit and nothing was said.",
  reply_empty: "The reply held neither text nor calls.",
  calls_announced_but_absent: "The endpoint said that it stopped for calls and sent none.",
  calls_not_announced: "The endpoint sent calls and said that it stopped for another reason.",
  calls_over_limit: "More calls than a reply may hold; the rest were dropped.",
  call_id_missing: "A call had no id.",
  call_id_repeated: "Two calls had the same id.",
  tool_name_cleaned: "A tool's name was cleaned of tokens, prefixes or case.",
  arguments_empty: "Arguments were empty text and taken as none.",
  arguments_encoded_twice: "The whole arguments were JSON inside a JSON string.",
  json_peeled: "A fence, tags or tokens around JSON were taken off.",
  json_escapes_repaired: "Wrong escapes inside JSON strings were mended.",
  json_repaired: "JSON was mended by guessing; never for a tool with effects.",
  nested_json_decoded: "A list or object inside the arguments was JSON in a string.",
  text_made_value: "A number, boolean or null was written as text.",
  value_made_text: "Text was written as another value.",
  value_made_list: "One value stood where a list was wanted.",
  null_dropped: "Null stood for an optional argument that was left out.",
  choice_case_mended: "A choice was written in another case.",
  call_in_text_kimi: "Calls stood in the text as Kimi writes them.",
  call_in_text_deepseek: "Calls stood in the text as DeepSeek V3 writes them.",
  call_in_text_harmony: "Calls stood in the text as gpt-oss writes them.",
  call_in_text_llama: "Calls stood in the text after Llama's python tag.",
  call_in_text_mistral: "Calls stood in the text as Mistral writes them.",
  call_in_text_gemma: "Calls stood in the text as Gemma writes them.",
  call_in_text_function_xml: "Calls stood in the text as Qwen coder writes them.",
  call_in_text_glm: "Calls stood in the text as GLM writes them.",
  call_in_text_invoke:
    "Calls stood in the text as invoke tags, as MiniMax and DeepSeek V3.2 write them.",
  call_in_text_tagged_json:
    "Calls stood in the text as JSON in tags, as Hermes, Qwen and Granite write them.",
  call_in_text_json_fence: "Calls stood in the text in a fence named for calls.",
  call_in_text_bare_json: "The whole text was calls as JSON.",
  call_in_text_pythonic: "The whole text was calls as Python.",
  answer_in_text: "The answer stood in the text instead of a call of final_answer.",
  prompt_truncated: "The endpoint read only the end of the conversation, without a word.",
  outputs_elided:
    "Old tool outputs were elided to keep the conversation within the model's window.",
  calls_went_in_circles: "The same calls were made with the same results, again and again.",
  fallback_model: "The task's own model failed and one of its fallbacks replied.",
} as const;

export type Quirk = keyof typeof quirkMeanings;

/** The families whose calls are found in text. */
export type CallFormatName = Quirk extends infer Each
  ? Each extends `call_in_text_${infer Name}`
    ? Name
    : never
  : never;
