/** Renders calls the way each family writes them into text: the ground truth of the dialect tests. */
export interface Meant {
  name: string;
  arguments: Record<string, unknown>;
}

export interface Renderer {
  family: string;
  /** Values without a schema are ambiguous: `42` may be a text, nothing an empty list. */
  needsTypes?: true;
  /** A call without marks counts only if it is the whole text. */
  isWholeText: boolean;
  /** Text that the family cannot write, because its own marks would end there. */
  cannot?: RegExp;
  render(calls: readonly Meant[]): string;
}

const json = (value: unknown) => JSON.stringify(value);
const each =
  (renderCall: (call: Meant, index: number) => string, glue = "\n") =>
  (calls: readonly Meant[]) =>
    calls.map(renderCall).join(glue);
const asText = (value: unknown) => (typeof value === "string" ? value : json(value));
const pairs = (call: Meant) => Object.entries(call.arguments);

export function python(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([key, inner]) => `${json(key)}: ${python(inner)}`)
      .join(", ")}}`;
  }
  return json(value);
}
const pythonCall = (call: Meant) =>
  `${call.name}(${pairs(call)
    .map(([key, value]) => `${key}=${python(value)}`)
    .join(", ")})`;

function quoteValue(value: unknown, quote: string): string {
  if (typeof value === "string") return `${quote}${value}${quote}`;
  if (Array.isArray(value)) return `[${value.map((inner) => quoteValue(inner, quote)).join(",")}]`;
  if (typeof value !== "object" || value === null) return json(value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key}:${quoteValue(inner, quote)}`)
    .join(",")}}`;
}

const glmPairs = (call: Meant, glue: string) =>
  pairs(call)
    .map(
      ([key, value]) => `<arg_key>${key}</arg_key>${glue}<arg_value>${asText(value)}</arg_value>`,
    )
    .join(glue);

const invokes = (prefix: string, calls: readonly Meant[]) =>
  calls
    .map(
      (call) =>
        `<${prefix}invoke name="${call.name}">\n${pairs(call)
          .map(
            ([key, value]) =>
              `<${prefix}parameter name="${key}" string="${typeof value === "string"}">${asText(value)}</${prefix}parameter>\n`,
          )
          .join("")}</${prefix}invoke>`,
    )
    .join("\n");

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return value === null ? "null" : typeof value;
}

const m3 = "]<]minimax[>[";

/** Values as MiniMax M3 nests them: the members of an object and the items of a list in tags of their own. */
function nested(value: unknown): string {
  if (Array.isArray(value)) {
    return value.map((item) => `${m3}<item>${nested(item)}${m3}</item>`).join("");
  }
  if (typeof value !== "object" || value === null) return asText(value);
  return Object.entries(value)
    .map(([key, inner]) => `${m3}<${key}>${nested(inner)}${m3}</${key}>`)
    .join("");
}

export const renderers: readonly Renderer[] = [
  {
    family: "GLM 5",
    cannot: /</,
    isWholeText: false,
    render: each((call) => `<tool_call>${call.name}${glmPairs(call, "")}</tool_call>`, ""),
  },
  {
    family: "GLM 4.5",
    cannot: /</,
    isWholeText: false,
    render: each((call) => `<tool_call>${call.name}\n${glmPairs(call, "\n")}\n</tool_call>`),
  },
  {
    family: "Hermes",
    isWholeText: false,
    render: each((call) => `<tool_call>\n${json(call)}\n</tool_call>`),
  },
  {
    family: "Qwen coder",
    cannot: /</,
    isWholeText: false,
    render: each(
      (call) =>
        `<tool_call>\n<function=${call.name}>\n${pairs(call)
          .map(([key, value]) => `<parameter=${key}>\n${asText(value)}\n</parameter>\n`)
          .join("")}</function>\n</tool_call>`,
    ),
  },
  {
    family: "Llama 3.1 function",
    isWholeText: false,
    render: each((call) => `<function=${call.name}>${json(call.arguments)}</function>`),
  },
  {
    family: "MiniMax",
    cannot: /</,
    isWholeText: false,
    render: (calls) =>
      `<minimax:tool_call>\n${calls
        .map(
          (call) =>
            `<invoke name="${call.name}">\n${pairs(call)
              .map(([key, value]) => `<parameter name="${key}">${asText(value)}</parameter>\n`)
              .join("")}</invoke>`,
        )
        .join("\n")}\n</minimax:tool_call>`,
  },
  {
    family: "DeepSeek 3.2",
    cannot: /</,
    isWholeText: false,
    render: (calls) =>
      `<｜DSML｜function_calls>\n${calls
        .map(
          (call) =>
            `<｜DSML｜invoke name="${call.name}">\n${pairs(call)
              .map(
                ([key, value]) =>
                  `<｜DSML｜parameter name="${key}" string="${typeof value === "string"}">${asText(value)}</｜DSML｜parameter>\n`,
              )
              .join("")}</｜DSML｜invoke>`,
        )
        .join("\n")}\n</｜DSML｜function_calls>`,
  },
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
    family: "Llama python tag",
    isWholeText: false,
    render: (calls) =>
      `<|python_tag|>${calls.map((call) => json({ name: call.name, parameters: call.arguments })).join("; ")}<|eom_id|>`,
  },
  {
    family: "Llama built-in",
    isWholeText: false,
    render: (calls) =>
      `<|python_tag|>${calls.map((call) => pythonCall({ ...call, name: `${call.name}.call` })).join("; ")}<|eom_id|>`,
  },
  {
    family: "Mistral",
    isWholeText: false,
    render: (calls) => `[TOOL_CALLS]${json(calls)}`,
  },
  {
    family: "Mistral with ids",
    isWholeText: false,
    render: each(
      (call, index) =>
        `[TOOL_CALLS]${call.name}[CALL_ID]abc00000${index}[ARGS]${json(call.arguments)}`,
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
    family: "Granite",
    isWholeText: false,
    render: (calls) => `<|tool_call|>${json(calls)}`,
  },
  {
    family: "Granite 20B",
    isWholeText: false,
    render: each((call) => `<function_call> ${json(call)} </function_call>`),
  },
  {
    family: "labelled fence",
    cannot: /`/,
    isWholeText: false,
    render: each((call) => `\`\`\`tool_call\n${json(call)}\n\`\`\``),
  },
  {
    family: "Gemma fence",
    cannot: /`/,
    isWholeText: false,
    render: (calls) => `\`\`\`tool_code\n${calls.map(pythonCall).join("\n")}\n\`\`\``,
  },
  {
    family: "LFM2",
    cannot: /</,
    isWholeText: false,
    render: (calls) => `<|tool_call_start|>[${calls.map(pythonCall).join(", ")}]<|tool_call_end|>`,
  },
  {
    family: "LFM2 with JSON",
    isWholeText: false,
    render: (calls) => `<|tool_call_start|>${json(calls)}<|tool_call_end|>`,
  },
  {
    family: "Olmo 3",
    cannot: /</,
    isWholeText: false,
    render: (calls) => `<function_calls>${calls.map(pythonCall).join("\n")}</function_calls>`,
  },
  {
    family: "Llama 4",
    cannot: /</,
    isWholeText: false,
    render: (calls) => `<|python_start|>[${calls.map(pythonCall).join(", ")}]<|python_end|>`,
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
    family: "Command A",
    isWholeText: false,
    render: (calls) =>
      `<|START_ACTION|>${json(
        calls.map((call, index) => ({
          tool_call_id: String(index),
          tool_name: call.name,
          parameters: call.arguments,
        })),
      )}<|END_ACTION|>`,
  },
  {
    family: "Command R",
    cannot: /`/,
    isWholeText: false,
    render: (calls) =>
      `Action:\`\`\`json\n${json(calls.map((call) => ({ tool_name: call.name, parameters: call.arguments })))}\n\`\`\``,
  },
  {
    family: "Step 3",
    cannot: /</,
    isWholeText: false,
    render: (calls) =>
      `<｜tool_calls_begin｜>\n${calls
        .map(
          (call) =>
            `<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="${call.name}">\n${pairs(
              call,
            )
              .map(
                ([key, value]) =>
                  `<steptml:parameter name="${key}">${asText(value)}</steptml:parameter>\n`,
              )
              .join("")}</steptml:invoke><｜tool_call_end｜>`,
        )
        .join("\n")}\n<｜tool_calls_end｜>`,
  },
  {
    family: "Apertus",
    cannot: /</,
    isWholeText: false,
    render: (calls) =>
      `<|tools_prefix|>${json(calls.map((call) => ({ [call.name]: call.arguments })))}<|tools_suffix|>`,
  },
  {
    family: "MiniCPM 5",
    cannot: /</,
    isWholeText: false,
    render: each(
      (call) =>
        `<function name="${call.name}">${pairs(call)
          .map(([key, value]) => `<param name="${key}">${asText(value)}</param>`)
          .join("")}</function>`,
      "",
    ),
  },
  {
    family: "LongCat",
    isWholeText: false,
    render: each((call) => `<longcat_tool_call>${json(call)}</longcat_tool_call>`),
  },
  {
    family: "LongCat with keys",
    cannot: /</,
    isWholeText: false,
    render: each(
      (call) =>
        `<longcat_tool_call>${call.name}\n${glmPairs(call, "\n").replaceAll("arg_", "longcat_arg_")}\n</longcat_tool_call>`,
    ),
  },
  {
    family: "InternLM",
    isWholeText: false,
    render: each(
      (call) =>
        `<|action_start|><|plugin|>${json({ name: call.name, parameters: call.arguments })}<|action_end|>`,
    ),
  },
  {
    family: "Hunyuan 3",
    cannot: /</,
    isWholeText: false,
    render: (calls) =>
      `<tool_calls>${calls.map((call) => `<tool_call>${call.name}<tool_sep>${glmPairs(call, "")}</tool_call>`).join("")}</tool_calls>`,
  },
  {
    family: "MiniMax M1",
    isWholeText: false,
    render: (calls) => `<tool_calls>\n${calls.map(json).join("\n")}\n</tool_calls>`,
  },
  {
    family: "Nemotron",
    isWholeText: false,
    render: (calls) => `<TOOLCALL>${json(calls)}</TOOLCALL><SPECIAL_12>`,
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
    family: "Seed",
    cannot: /<|^\n|\n$/,
    isWholeText: false,
    render: (calls) =>
      `<seed:tool_call>\n${calls
        .map(
          (call) =>
            `<function=${call.name}>\n${pairs(call)
              .map(([key, value]) => `<parameter=${key}>${asText(value)}</parameter>\n`)
              .join("")}</function>`,
        )
        .join("\n")}\n</seed:tool_call>`,
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
    family: "MiniMax M3",
    cannot: /[<>\]]|^\s*$/,
    needsTypes: true,
    isWholeText: false,
    render: (calls) =>
      `${m3}<tool_call>\n${calls
        .map((call) => `${m3}<invoke name="${call.name}">${nested(call.arguments)}${m3}</invoke>\n`)
        .join("")}${m3}</tool_call>`,
  },
  {
    family: "Hunyuan 4",
    cannot: /</,
    isWholeText: false,
    render: (calls) =>
      `<tool_calls:6124c78e>\n${calls
        .map((call) => `<tool_call>${call.name}${glmPairs(call, "")}</tool_call>`)
        .join("\n")
        .replace(
          /<(\/?(?:tool_call|arg_key|arg_value))>/g,
          "<$1:6124c78e>",
        )}\n</tool_calls:6124c78e>`,
  },
  {
    family: "K2 Horizon",
    cannot: /</,
    isWholeText: false,
    render: (calls) =>
      `<ifm|tool_calls>\n${calls
        .map(
          (call) =>
            `<ifm|tool_call>${call.name}\n${pairs(call)
              .map(
                ([key, value]) =>
                  `<ifm|arg_key>${key}</ifm|arg_key>\n<ifm|arg_type>${jsonType(value)}</ifm|arg_type>\n<ifm|arg_value>${asText(value)}</ifm|arg_value>`,
              )
              .join("\n")}\n</ifm|tool_call>`,
        )
        .join("\n")}\n</ifm|tool_calls>`,
  },
  {
    family: "K2 Horizon with JSON",
    isWholeText: false,
    render: (calls) =>
      `<ifm|tool_calls>${calls.map((call) => `<ifm|tool_call>${json(call)}</ifm|tool_call>`).join("")}</ifm|tool_calls>`,
  },
  {
    family: "IQuest",
    cannot: /</,
    isWholeText: false,
    render: each(
      (call) => `<iquest_tool_call>${call.name}${glmPairs(call, "")}</iquest_tool_call>`,
    ),
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
    family: "dots",
    cannot: /</,
    isWholeText: false,
    render: (calls) => `<dots_function_call>\n${invokes("", calls)}\n</dots_function_call>`,
  },
  {
    family: "dots with JSON",
    isWholeText: false,
    render: each((call) => `<dots_function_call>\n${json(call)}\n</dots_function_call>`),
  },
  {
    family: "DeepSeek 4 with JSON",
    cannot: /</,
    isWholeText: false,
    render: (calls) =>
      `<｜DSML｜tool_calls>\n${calls
        .map(
          (call) =>
            `<｜DSML｜invoke name="${call.name}">\n${json(call.arguments)}\n</｜DSML｜invoke>`,
        )
        .join("\n")}\n</｜DSML｜tool_calls>`,
  },
  {
    family: "DeepSeek 4.1",
    cannot: /</,
    isWholeText: false,
    render: (calls) => `<｜DSML｜ calls>\n${invokes("｜DSML｜ ", calls)}\n</｜DSML｜ calls>`,
  },
  {
    family: "GigaChat 3.5",
    cannot: /</,
    isWholeText: false,
    render: (calls) => `<｜GCML｜tool_calls>\n${invokes("｜GCML｜", calls)}\n</｜GCML｜tool_calls>`,
  },
  {
    family: "Muse",
    cannot: /</,
    isWholeText: false,
    render: (calls) => `<atem:function_calls>\n${invokes("atem:", calls)}\n</atem:function_calls>`,
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
  {
    family: "RWKV",
    cannot: /`/,
    isWholeText: false,
    render: each((call) => `**Tool Call:**\n\`\`\`json\n${json(call)}\n\`\`\``),
  },
  {
    family: "pythonic list",
    isWholeText: true,
    render: (calls) => `[${calls.map(pythonCall).join(", ")}]`,
  },
  {
    family: "JSON fence",
    cannot: /`/,
    isWholeText: true,
    render: (calls) => `\`\`\`json\n${json(calls.length === 1 ? calls[0] : calls)}\n\`\`\``,
  },
  {
    family: "bare JSON",
    isWholeText: true,
    render: each((call) => json(call)),
  },
  {
    family: "bare JSON in OpenAI's form",
    isWholeText: true,
    render: (calls) =>
      json({
        tool_calls: calls.map((call, index) => ({
          id: `x${index}`,
          type: "function",
          function: { name: call.name, arguments: json(call.arguments) },
        })),
      }),
  },
];
