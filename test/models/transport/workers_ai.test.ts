import { describe, expect, test } from "vitest";
import {
  type WorkersAi,
  workersAiTransport,
} from "../../../consumer/models/transport/workers_ai.ts";
import { profileOf } from "../../../shared/models/profiles.ts";
import { request } from "../request.ts";

const model = "@cf/zai-org/glm-5.2";
const captured = {
  choices: [
    {
      finish_reason: "stop",
      index: 0,
      logprobs: null,
      message: { content: '{"facts": []}', role: "assistant" },
    },
  ],
  id: "8dece23a",
  model: "@cf/google/gemma-4-26b-a4b-it-external",
  object: "chat.completion",
  usage: {
    prompt_tokens: 109,
    completion_tokens: 17,
    total_tokens: 126,
    prompt_tokens_details: { cached_tokens: 0 },
    neurons: 1.4545453786849976,
  },
};

function bound(answer: () => unknown) {
  const received: { model: string; inputs: Record<string, unknown>; options: object }[] = [];
  const ai: WorkersAi = {
    run: async (id, inputs, options) => {
      received.push({ model: id, inputs, options });
      return await answer();
    },
  };
  return { transport: workersAiTransport(ai, profileOf(model)), seen: received };
}

const withName = (name: string, message: string) => () =>
  Promise.reject(Object.assign(new Error(message), { name }));

test("every call passes the same options, so that concurrent calls cannot mix them up", async () => {
  const { transport, seen } = bound(() => Response.json(captured));
  await transport.complete(request({ model, taskId: "task_7", outputTokensMax: 2_000 }));
  expect(seen).toHaveLength(1);
  expect(seen[0]?.model).toBe(model);
  expect(seen[0]?.options).toEqual({
    returnRawResponse: true,
    rejectIfBusy: true,
    signal: expect.any(AbortSignal),
    extraHeaders: { "x-session-affinity": "task_7" },
  });
  expect(seen[0]?.inputs).toMatchObject({ max_completion_tokens: 2_000, reasoning_effort: "none" });
  expect(seen[0]?.inputs).not.toHaveProperty("model");
  expect(seen[0]?.inputs).not.toHaveProperty("stream");
});

describe("the binding's answer is read", () => {
  const rows: [name: string, answer: () => unknown, expected: object][] = [
    [
      "as captured from gemma",
      () => Response.json(captured),
      { ok: true, reply: { text: '{"facts": []}', usage: { neurons: 1.4545453786849976 } } },
    ],
    [
      "with a charset in its content type",
      () =>
        new Response(JSON.stringify(captured), {
          headers: { "content-type": "application/json; charset=utf-8" },
        }),
      { ok: true },
    ],
    ["where the raw option is ignored", () => captured, { ok: true }],
    ["where it is a stream", () => new Response(JSON.stringify(captured)).body, { ok: true }],
    [
      "as a legacy reply",
      () => Response.json({ response: "hi" }),
      { ok: true, reply: { text: "hi" } },
    ],
    [
      "as a REST envelope",
      () => Response.json({ result: { response: "hi" }, success: true, errors: [], messages: [] }),
      { ok: true, reply: { text: "hi" } },
    ],
    [
      "as a leaked call",
      () =>
        Response.json({
          choices: [
            {
              finish_reason: "stop",
              message: { content: '{"name":"read_file","path":"feedback.txt"}', tool_calls: [] },
            },
          ],
        }),
      {
        ok: true,
        reply: {
          calls: [{ name: "read_file", arguments: { path: "feedback.txt" }, problem: null }],
        },
      },
    ],
    [
      "as busy with a time",
      () =>
        Response.json(
          {
            internalCode: 3040,
            name: "AiError",
            message: "Capacity temporarily exceeded",
            description: "x",
          },
          { status: 429, headers: { "retry-after": "12" } },
        ),
      {
        ok: false,
        failure: { code: "model_busy", retryAfterMs: 12_000, status: 429, endpointCode: 3040 },
      },
    ],
    [
      "as out of neurons",
      () => Response.json({ errors: [{ code: 4006, message: "used up" }] }, { status: 429 }),
      { failure: { code: "model_quota" } },
    ],
    [
      "as a timeout",
      () =>
        Response.json({ errors: [{ code: 3046, message: "Request timeout" }] }, { status: 408 }),
      { failure: { code: "model_deadline" } },
    ],
    [
      "as too small a limit for a forced tool",
      () => Response.json({ errors: [{ code: 8006, message: "x" }] }, { status: 400 }),
      { failure: { code: "model_rejected", endpointCode: 8006 } },
    ],
    ["as nothing", () => undefined, { failure: { code: "model_unreadable" } }],
  ];
  test.each(rows)("%s", async (_name, answer, expected) => {
    expect(await bound(answer).transport.complete(request({ model }))).toMatchObject(expected);
  });
});

describe("what the binding throws is a failure", () => {
  const rows: [name: string, answer: () => unknown, code: string][] = [
    [
      "busy",
      withName("AiError", "3040: Capacity temporarily exceeded, please try again."),
      "model_busy",
    ],
    [
      "out of neurons",
      withName("AiError", "4006: you have used up your daily free allocation of 10,000 neurons"),
      "model_quota",
    ],
    [
      "overflow",
      withName(
        "AiError",
        "5021: The estimated number of tokens exceeded this model context window limit (24000)",
      ),
      "model_overflow",
    ],
    ["invalid input", withName("AiError", "5006: Error: oneOf at '/' not met"), "model_rejected"],
    [
      "a timeout",
      withName("TimeoutError", "The operation was aborted due to timeout"),
      "model_deadline",
    ],
    ["a lost connection", withName("Error", "Network connection lost."), "model_unavailable"],
  ];
  test.each(rows)("%s", async (_name, answer, code) => {
    expect(await bound(answer).transport.complete(request({ model }))).toMatchObject({
      ok: false,
      failure: { code },
    });
  });
});
