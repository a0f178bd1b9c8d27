/** Chat completions as endpoints send them, and the replies that the normaliser reads from them. */

import { normalise } from "../../consumer/models/reply/normalise.ts";
import type { Message } from "../../shared/models/model.ts";
import { request } from "./request.ts";

export const usage = { prompt_tokens: 109, completion_tokens: 17, total_tokens: 126 };
export const call = (id: string | null, name: string, args: unknown) => ({
  ...(id === null ? {} : { id }),
  type: "function",
  function: { name, arguments: args },
});
export const chat = (message: object, finish: string | null = "stop", overrides: object = {}) => ({
  choices: [{ finish_reason: finish, index: 0, message: { role: "assistant", ...message } }],
  usage,
  ...overrides,
});

export function readReply(body: unknown, messages?: readonly Message[]) {
  const outcome = normalise(body, request(messages === undefined ? {} : { messages }), 0);
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return outcome.reply;
}

export const readA = [{ name: "read_file", arguments: { path: "a" }, problem: null }];
