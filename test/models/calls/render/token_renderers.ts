import { asText, each, json, jsonType, pairs, quoteValue, type Renderer } from "./renderer.ts";

/** Families that write calls between special tokens. */
export const tokenRenderers: readonly Renderer[] = [
  {
    family: "Kimi",
    isWholeText: false,
    render: (calls) =>
      `<|tool_calls_section_begin|>${calls
        .map(
          (call, index) =>
            `<|tool_call_begin|>functions.${call.name}:${index}<|tool_call_argument_begin|>${json(call.arguments)}<|tool_call_end|>`,
        )
        .join("")}<|tool_calls_section_end|>`,
  },
  {
    family: "harmony",
    isWholeText: false,
    render: each(
      (call) =>
        `<|channel|>commentary to=functions.${call.name} <|constrain|>json<|message|>${json(call.arguments)}<|call|>`,
      "",
    ),
  },
  {
    family: "harmony with its start",
    isWholeText: false,
    render: each(
      (call) =>
        `<|start|>assistant to=functions.${call.name}<|channel|>commentary<|message|>${json(call.arguments)}<|call|>`,
      "",
    ),
  },
  {
    family: "Gemma 4",
    cannot: /</,
    isWholeText: false,
    render: each(
      (call) => `<|tool_call>call:${call.name}${quoteValue(call.arguments, '<|"|>')}<tool_call|>`,
      "",
    ),
  },
  {
    family: "FunctionGemma",
    cannot: /</,
    isWholeText: false,
    render: each(
      (call) =>
        `<start_function_call>call:${call.name}${quoteValue(call.arguments, "<escape>")}<end_function_call>`,
      "",
    ),
  },
  {
    family: "DeepSeek 3",
    isWholeText: false,
    render: (calls) =>
      `<｜tool▁calls▁begin｜>${calls
        .map(
          (call) =>
            `<｜tool▁call▁begin｜>function<｜tool▁sep｜>${call.name}\n\`\`\`json\n${json(call.arguments)}\n\`\`\`<｜tool▁call▁end｜>`,
        )
        .join("\n")}<｜tool▁calls▁end｜>`,
  },
  {
    family: "DeepSeek 3.1",
    isWholeText: false,
    render: (calls) =>
      `<｜tool▁calls▁begin｜>${calls
        .map(
          (call) =>
            `<｜tool▁call▁begin｜>${call.name}<｜tool▁sep｜>${json(call.arguments)}<｜tool▁call▁end｜>`,
        )
        .join("")}<｜tool▁calls▁end｜>`,
  },
  {
    family: "GigaChat",
    isWholeText: false,
    render: each((call) => `<|function_call|>${json(call)}`, "\n"),
  },
  {
    family: "GigaChat's role",
    isWholeText: false,
    render: each((call) => `<|message_sep|>\n\nfunction call<|role_sep|>\n${json(call)}`, ""),
  },
  {
    family: "Functionary",
    isWholeText: false,
    render: each(
      (call) =>
        `<|from|>assistant\n<|recipient|>${call.name}\n<|content|>${json(call.arguments)}<|stop|>`,
    ),
  },
  {
    family: "Functionary 3.2",
    isWholeText: false,
    render: each((call) => `>>>${call.name}\n${json(call.arguments)}`),
  },
  {
    family: "Solar",
    isWholeText: false,
    render: each(
      (call, index) =>
        `<|tool_call:begin|>c${index}<|tool_call:name|>${call.name}<|tool_call:args|>${json(call.arguments)}<|tool_call:end|>`,
      "",
    ),
  },
  {
    family: "Qwen agent",
    isWholeText: false,
    render: each((call) => `✿FUNCTION✿: ${call.name}\n✿ARGS✿: ${json(call.arguments)}`),
  },
  {
    family: "Kimi K3",
    cannot: /<\|/,
    isWholeText: false,
    render: (calls) =>
      `<|open|>tools<|sep|>${calls
        .map(
          (call, index) =>
            `<|open|>call tool="${call.name}" index="${index + 1}"<|sep|>${pairs(call)
              .map(
                ([key, value]) =>
                  `<|open|>argument key="${key}" type="${jsonType(value)}"<|sep|>${asText(value)}<|close|>argument<|sep|>`,
              )
              .join("")}<|close|>call<|sep|>`,
        )
        .join("")}<|close|>tools<|sep|><|close|>message<|sep|>`,
  },
  {
    family: "PLaMo 3",
    isWholeText: false,
    render: (calls) =>
      `<|plamo:begin_tool_requests:plamo|>${calls
        .map(
          (call) =>
            `<|plamo:begin_tool_request:plamo|><|plamo:begin_tool_name:plamo|>${call.name}<|plamo:end_tool_name:plamo|><|plamo:begin_tool_arguments:plamo|><|plamo:constrain|>json<|plamo:msg|>${json(call.arguments)}<|plamo:end_tool_arguments:plamo|><|plamo:end_tool_request:plamo|>`,
        )
        .join("")}<|plamo:end_tool_requests:plamo|>`,
  },
  {
    family: "Pangu",
    isWholeText: false,
    render: (calls) => `[unused11]${json(calls)}[unused12]`,
  },
  {
    family: "Inkling",
    isWholeText: false,
    render: each(
      (call) =>
        `<|message_model|>${call.name}<|content_invoke_tool_json|>${json({ name: call.name, args: call.arguments })}<|end_message|>`,
      "",
    ),
  },
  {
    family: "Solar Open 2",
    cannot: /<\|/,
    isWholeText: false,
    render: each(
      (call) =>
        `<|tool_call:start|>${call.name}\n${pairs(call)
          .map(
            ([key, value]) =>
              `<|tool_arg:start|>${key}<|tool_arg:value|>${asText(value)}<|tool_arg:end|>\n`,
          )
          .join("")}<|tool_call:end|>`,
    ),
  },
];
