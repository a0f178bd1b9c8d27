/** The result of a task as a chat completion or a response. Pure. */
import type { Usage } from "../../../shared/spend/usage.ts";
import type { Endpoint } from "../batches/batch_request.ts";
import { toSeconds } from "../list_page.ts";

export interface CompletedTask {
  /** The part after the prefix in every id of this body. */
  idSuffix: string;
  model: string;
  /** Milliseconds since 1970 UTC. */
  at: number;
  text: string;
  /** The metadata of the request. */
  labels: Record<string, string>;
  usage: Usage;
}

/** The text of the answer: JSON if the task has an output schema. */
export function outputText(output: unknown, isStructured: boolean): string {
  const text: unknown =
    !isStructured && typeof output === "object" && output !== null
      ? Reflect.get(output, "text")
      : undefined;
  return typeof text === "string" ? text : JSON.stringify(output);
}

export function resultBody(endpoint: Endpoint, task: CompletedTask): Record<string, unknown> {
  return endpoint === "/v1/responses" ? responseBody(task) : chatCompletion(task);
}

/** The usage is the sum of all model calls of the task. */
function chatCompletion({ idSuffix, model, at, text, usage }: CompletedTask) {
  return {
    id: `chatcmpl-${idSuffix}`,
    object: "chat.completion",
    created: toSeconds(at),
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

function responseBody({ idSuffix, model, at, text, labels, usage }: CompletedTask) {
  return {
    id: `resp_${idSuffix}`,
    object: "response",
    created_at: toSeconds(at),
    status: "completed",
    error: null,
    incomplete_details: null,
    instructions: null,
    model,
    output: [
      {
        id: `msg_${idSuffix}`,
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
    usage: tokenUsage(usage),
  };
}

/** The usage of responses and batches. Reasoning tokens are part of the output and not counted separately. */
export const tokenUsage = (usage: Usage) => ({
  input_tokens: usage.prompt_tokens,
  input_tokens_details: { cached_tokens: usage.cached_tokens },
  output_tokens: usage.completion_tokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: usage.prompt_tokens + usage.completion_tokens,
});
