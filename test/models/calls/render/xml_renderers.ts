import {
  asText,
  each,
  glmPairs,
  invokes,
  json,
  jsonType,
  m3,
  nested,
  pairs,
  type Renderer,
} from "./renderer.ts";

/** Families that write calls as XML. */
export const xmlRenderers: readonly Renderer[] = [
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
    family: "Hunyuan 3",
    cannot: /</,
    isWholeText: false,
    render: (calls) =>
      `<tool_calls>${calls.map((call) => `<tool_call>${call.name}<tool_sep>${glmPairs(call, "")}</tool_call>`).join("")}</tool_calls>`,
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
    family: "IQuest",
    cannot: /</,
    isWholeText: false,
    render: each(
      (call) => `<iquest_tool_call>${call.name}${glmPairs(call, "")}</iquest_tool_call>`,
    ),
  },
  {
    family: "dots",
    cannot: /</,
    isWholeText: false,
    render: (calls) => `<dots_function_call>\n${invokes("", calls)}\n</dots_function_call>`,
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
];
