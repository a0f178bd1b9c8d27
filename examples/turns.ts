import { programText } from "./data.ts";

/** One turn of the scripted model (docs/api.md). */
export type Turn =
  | { text: string; delay_ms?: number }
  | { calls: { name: string; arguments: Record<string, unknown> }[]; delay_ms?: number }
  | { raw: Record<string, unknown>; delay_ms?: number }
  | { error: { status: number; code: string; message: string; retry_after?: number } }
  | { when: { tool_result_contains: string }; then: Turn; else: Turn };

/** The model runs examples/programs/<name>.js in the sandbox. */
export function run(name: string): Turn {
  return call("run_code", { code: programText(name) });
}

export function call(name: string, args: Record<string, unknown>): Turn {
  return { calls: [{ name, arguments: args }] };
}

export function answer(output: Record<string, unknown>): Turn {
  return call("final_answer", output);
}

/**
 * Continues with `then` only if the last tool result contains `marker`. Otherwise the turn is an endpoint's
 * 400, which settles the task as failed with this message: a wrong computation must not succeed.
 */
export function afterSeeing(marker: string, then: Turn): Turn {
  const message = `the last tool result does not contain ${JSON.stringify(marker).slice(0, 300)}`;
  return {
    when: { tool_result_contains: marker },
    then,
    else: { error: { status: 400, code: "example_differs", message } },
  };
}

/** A raw chat completion, for turns that test its format. */
export function completion(message: Record<string, unknown>, finish = "tool_calls"): Turn {
  return {
    raw: {
      id: "chatcmpl-example",
      object: "chat.completion",
      created: 1_750_000_000,
      model: "rehearsal",
      choices: [{ index: 0, finish_reason: finish, message: { role: "assistant", ...message } }],
      usage: { prompt_tokens: 412, completion_tokens: 96, total_tokens: 508 },
    },
  };
}
