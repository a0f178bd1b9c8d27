import type { Message, ModelRequest, ToolOffer } from "../../shared/models/model.ts";

/** A tool offer whose simplified schema is its original. */
export function offer(
  name: string,
  properties: Record<string, unknown>,
  overrides: { required?: string[]; effect?: ToolOffer["effect"]; open?: boolean } = {},
): ToolOffer {
  const original = {
    type: "object",
    properties,
    required: overrides.required ?? [],
    additionalProperties: overrides.open ?? false,
  };
  return {
    name,
    description: `The tool ${name}.`,
    parameters: original,
    original,
    effect: overrides.effect ?? "read",
  };
}

/** The tools that the tables call. */
export const tools: readonly ToolOffer[] = [
  offer(
    "read_file",
    { path: { type: "string" }, limit: { type: "integer" } },
    { required: ["path"] },
  ),
  offer(
    "write_file",
    { path: { type: "string" }, content: { type: "string" } },
    { required: ["path", "content"], effect: "idempotent" },
  ),
  offer(
    "search",
    {
      query: { type: "string" },
      tags: { type: "array", items: { type: "string" } },
      filter: {
        type: "object",
        properties: { year: { type: "integer" }, exact: { type: "boolean" } },
      },
      size: { type: "number" },
      order: { enum: ["newest", "oldest"] },
    },
    { required: ["query"] },
  ),
  offer("list_files", {}),
  offer(
    "pay",
    { amount: { type: "number" }, to: { type: "string" } },
    { required: ["amount", "to"], effect: "effect" },
  ),
];

export function request(overrides: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model: "test-model",
    taskId: "task_1",
    messages: [
      { role: "system", content: "You work." },
      { role: "user", content: "Do it." },
    ],
    tools,
    toolChoice: "auto",
    outputTokensMax: 1_000,
    signal: new AbortController().signal,
    ...overrides,
  };
}

/** One assistant turn with a call for each result, answered. */
export function answeredCalls(contents: readonly string[]): Message[] {
  return [
    {
      role: "assistant",
      content: "",
      calls: contents.map((_, index) => ({ id: `c${index}`, name: "read_file", arguments: "{}" })),
    },
    ...contents.map(
      (content, index): Message => ({
        role: "tool",
        call_id: `c${index}`,
        name: "read_file",
        content,
      }),
    ),
  ];
}
