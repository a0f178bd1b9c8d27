import { bodyValue } from "../../../../consumer/models/reply/reply_body.ts";

/** A call on the wire: its arguments may be text, a value or missing. */
export interface Wired {
  id?: string;
  name: string;
  arguments?: unknown;
}

interface Shape {
  name: string;
  text(text: string, cut: boolean): unknown;
  calls(calls: readonly Wired[], cut: boolean): unknown;
}

const chat = {
  text: (content: string, cut: boolean) => ({
    choices: [{ finish_reason: cut ? "length" : "stop", message: { role: "assistant", content } }],
  }),
  calls: (calls: readonly Wired[], cut: boolean) => ({
    choices: [
      {
        finish_reason: cut ? "length" : "tool_calls",
        message: {
          role: "assistant",
          content: "",
          tool_calls: calls.map(({ id, ...called }) => ({
            id,
            type: "function",
            function: called,
          })),
        },
      },
    ],
  }),
};

const finishing = (cut: boolean) => (cut ? { finish_reason: "length" } : {});

const legacy = {
  text: (response: string, cut: boolean) => ({ response, ...finishing(cut) }),
  calls: (calls: readonly Wired[], cut: boolean) => ({
    response: null,
    tool_calls: calls,
    ...finishing(cut),
  }),
};

const response = (output: object[], cut: boolean) => ({
  object: "response",
  status: cut ? "incomplete" : "completed",
  ...(cut ? { incomplete_details: { reason: "max_output_tokens" } } : {}),
  output,
});

const enveloped = (result: unknown) => ({ result, success: true, errors: [], messages: [] });

const streamed = (delta: object, finish: string) =>
  bodyValue(
    `${[
      { choices: [{ delta, finish_reason: null }] },
      { choices: [{ delta: {}, finish_reason: finish }] },
    ]
      .map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
      .join("")}data: [DONE]\n\n`,
  );

export const shapes: readonly Shape[] = [
  { name: "chat", ...chat },
  { name: "legacy", ...legacy },
  {
    name: "Responses",
    text: (text, cut) =>
      response([{ type: "message", content: [{ type: "output_text", text }] }], cut),
    calls: (calls, cut) =>
      response(
        calls.map(({ id, ...called }) => ({ type: "function_call", call_id: id, ...called })),
        cut,
      ),
  },
  {
    name: "REST envelope",
    text: (text, cut) => enveloped(chat.text(text, cut)),
    calls: (calls, cut) => enveloped(legacy.calls(calls, cut)),
  },
  {
    name: "stream",
    text: (content, cut) => streamed({ content }, cut ? "length" : "stop"),
    calls: (calls, cut) =>
      streamed(
        {
          tool_calls: calls.map(({ id, ...called }, index) => ({ index, id, function: called })),
        },
        cut ? "length" : "tool_calls",
      ),
  },
];
