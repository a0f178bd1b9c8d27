import { pythonCall, type Renderer } from "./renderer.ts";

/** Families that write calls as Python. */
export const pythonRenderers: readonly Renderer[] = [
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
    family: "pythonic list",
    isWholeText: true,
    render: (calls) => `[${calls.map(pythonCall).join(", ")}]`,
  },
];
