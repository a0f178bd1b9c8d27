import { each, json, pythonCall, type Renderer } from "./renderer.ts";

/** Families that write calls as JSON. */
export const jsonRenderers: readonly Renderer[] = [
  {
    family: "Hermes",
    isWholeText: false,
    render: each((call) => `<tool_call>\n${json(call)}\n</tool_call>`),
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
    family: "LFM2 with JSON",
    isWholeText: false,
    render: (calls) => `<|tool_call_start|>${json(calls)}<|tool_call_end|>`,
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
    family: "Apertus",
    cannot: /</,
    isWholeText: false,
    render: (calls) =>
      `<|tools_prefix|>${json(calls.map((call) => ({ [call.name]: call.arguments })))}<|tools_suffix|>`,
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
    family: "K2 Horizon with JSON",
    isWholeText: false,
    render: (calls) =>
      `<ifm|tool_calls>${calls.map((call) => `<ifm|tool_call>${json(call)}</ifm|tool_call>`).join("")}</ifm|tool_calls>`,
  },
  {
    family: "dots with JSON",
    isWholeText: false,
    render: each((call) => `<dots_function_call>\n${json(call)}\n</dots_function_call>`),
  },
  {
    family: "RWKV",
    cannot: /`/,
    isWholeText: false,
    render: each((call) => `**Tool Call:**\n\`\`\`json\n${json(call)}\n\`\`\``),
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
