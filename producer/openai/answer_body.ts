/** A task's answer in OpenAI's two shapes. Pure. */
import type { Usage } from "../../shared/usage.ts";
import type { Endpoint } from "./facts.ts";

export interface Answer {
  /** What follows the prefix in every id of this answer. */
  stem: string;
  model: string;
  /** Milliseconds since 1970 UTC. */
  at: number;
  text: string;
  /** The task's labels, which its request called metadata. */
  labels: Record<string, string>;
  usage: Usage;
}

export const seconds = (ms: number): number => Math.floor(ms / 1000);

/** The words of an answer: a task without a schema of its own answers a text, every other one JSON. */
export function textOf(output: unknown, structured: boolean): string {
  const text: unknown =
    !structured && typeof output === "object" && output !== null
      ? Reflect.get(output, "text")
      : undefined;
  return typeof text === "string" ? text : JSON.stringify(output);
}

export function answerBody(endpoint: Endpoint, answer: Answer): Record<string, unknown> {
  return endpoint === "/v1/responses" ? responseOf(answer) : completionOf(answer);
}

/** All calls of the task together: an agent asks its model several times. */
function completionOf({ stem, model, at, text, usage }: Answer) {
  return {
    id: `chatcmpl-${stem}`,
    object: "chat.completion",
    created: seconds(at),
    model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: text, refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: {
      prompt_tokens: usage.prompt_tokens,
      completion_tokens: usage.completion_tokens,
      total_tokens: usage.prompt_tokens + usage.completion_tokens,
      prompt_tokens_details: { cached_tokens: usage.cached_tokens },
    },
    system_fingerprint: null,
  };
}

function responseOf({ stem, model, at, text, labels, usage }: Answer) {
  return {
    id: `resp_${stem}`,
    object: "response",
    created_at: seconds(at),
    status: "completed",
    error: null,
    incomplete_details: null,
    instructions: null,
    model,
    output: [
      {
        id: `msg_${stem}`,
        type: "message",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text, annotations: [] }],
      },
    ],
    parallel_tool_calls: true,
    temperature: null,
    tool_choice: "auto",
    tools: [],
    top_p: null,
    metadata: labels,
    usage: tokensOf(usage),
  };
}

/** As responses and batches count. Thought is in the output and is not counted by itself. */
export const tokensOf = (usage: Usage) => ({
  input_tokens: usage.prompt_tokens,
  input_tokens_details: { cached_tokens: usage.cached_tokens },
  output_tokens: usage.completion_tokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: usage.prompt_tokens + usage.completion_tokens,
});
