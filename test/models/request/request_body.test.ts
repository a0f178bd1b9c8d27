import { describe, expect, test } from "vitest";
import { requestBody, wireMessages } from "../../../consumer/models/request/request_body.ts";
import type { Message, ModelRequest } from "../../../shared/models/model.ts";
import { profileOf } from "../../../shared/models/profiles.ts";
import { request } from "../request.ts";

const profile = profileOf("any");
const turn = (n: number): Message[] => [
  {
    role: "assistant",
    content: "",
    reasoning: "why",
    calls: [{ id: `call0000${n}`, name: "read_file", arguments: '{"path":"a"}' }],
  },
  { role: "tool", call_id: `call0000${n}`, name: "read_file", content: `result ${n}` },
];
const opening = request().messages;

describe("the body", () => {
  test("grows only at its end from call to call", () => {
    const bodies = [0, 1, 2, 3].map((turns) => {
      const messages = [...opening, ...Array.from({ length: turns }, (_, n) => turn(n)).flat()];
      return JSON.stringify(requestBody(request({ messages }), profile));
    });
    for (const [index, body] of bodies.entries()) {
      const next = bodies[index + 1];
      // The shorter body without the brackets that end it.
      if (next !== undefined) expect(next.startsWith(body.slice(0, -"]}".length))).toBe(true);
    }
  });

  test("holds tools, settings and an output limit before the messages", () => {
    const body = requestBody(request({ outputTokensMax: 500 }), profile);
    expect(Object.keys(body)).toEqual([
      "model",
      "stream",
      "max_tokens",
      "tools",
      "tool_choice",
      "messages",
    ]);
    expect(body).toMatchObject({
      model: "test-model",
      stream: false,
      max_tokens: 500,
      tool_choice: "auto",
    });
  });

  test("has the sampling settings that the task sets, and no others", () => {
    const sampling = { temperature: 0, top_p: 0.9, seed: 7, output_tokens_max: 90 };
    const body = requestBody(request({ sampling, outputTokensMax: 90 }), profile);
    expect(body).toMatchObject({ temperature: 0, top_p: 0.9, seed: 7, max_tokens: 90 });
    expect(Object.keys(body)).not.toContain("output_tokens_max");
    const open = requestBody(request({ sampling: { seed: 7 } }), profile);
    expect(Object.keys(open)).not.toContain("temperature");
  });

  test("never asks for more than the model can give", () => {
    expect(requestBody(request({ outputTokensMax: 1e9 }), profile).max_tokens).toBe(
      profile.outputTokensMax,
    );
  });

  const choices: [string, Partial<ModelRequest>, unknown][] = [
    ["auto", { toolChoice: "auto" }, "auto"],
    ["nothing where none may be called", { toolChoice: "none" }, undefined],
    [
      "a name",
      { toolChoice: { name: "read_file" } },
      { type: "function", function: { name: "read_file" } },
    ],
    ["nothing where no tool is offered", { tools: [], toolChoice: "auto" }, undefined],
    ["nothing where JSON is asked for", { jsonSchema: { type: "object" } }, undefined],
  ];
  test.each(choices)("chooses %s", (_name, overrides, expected) => {
    expect(requestBody(request(overrides), profile).tool_choice).toEqual(expected);
  });

  test("asks for JSON in OpenAI's envelope, and bare for old models", () => {
    const schemaRequest = request({ jsonSchema: { type: "object" } });
    expect(requestBody(schemaRequest, profile)).toMatchObject({
      response_format: {
        type: "json_schema",
        json_schema: { name: "answer", schema: { type: "object" } },
      },
    });
    const old = profileOf("@cf/meta/llama-3.3-70b-instruct-fp8-fast");
    expect(requestBody(schemaRequest, old)).toMatchObject({
      response_format: { json_schema: { type: "object" } },
    });
    expect(requestBody(schemaRequest, profile)).not.toHaveProperty("tools");
  });

  const thinking: [string, object][] = [
    ["@cf/zai-org/glm-5.2", { reasoning_effort: "none", max_completion_tokens: 1_000 }],
    ["@cf/zai-org/glm-5.3-flash", { reasoning_effort: "low" }],
    ["@cf/zai-org/glm-4.7-flash", { chat_template_kwargs: { enable_thinking: false } }],
    ["@cf/google/gemma-4-26b-a4b-it", { chat_template_kwargs: { enable_thinking: false } }],
    ["@cf/openai/gpt-oss-120b", { reasoning_effort: "low" }],
    ["@cf/meta/llama-4-scout-17b-16e-instruct", { max_tokens: 1_000 }],
  ];
  test.each(thinking)("says how %s shall think", (model, expected) => {
    expect(requestBody(request(), profileOf(model))).toMatchObject(expected);
  });
});

describe("messages on the wire", () => {
  test("are strings, with calls as JSON text and answers by id and name", () => {
    expect(wireMessages([...opening, ...turn(0)], profile)).toEqual([
      { role: "system", content: "You work." },
      { role: "user", content: "Do it." },
      {
        role: "assistant",
        content: "",
        tool_calls: [
          {
            id: "call00000",
            type: "function",
            function: { name: "read_file", arguments: '{"path":"a"}' },
          },
        ],
      },
      { role: "tool", tool_call_id: "call00000", name: "read_file", content: "result 0" },
    ]);
  });

  const reasons: [string, string, object][] = [
    ["sent back where the model wants it", "@cf/zai-org/glm-5.2", { reasoning: "why" }],
    [
      "under DeepSeek's name",
      "@cf/deepseek-ai/deepseek-v4-flash-0731",
      { reasoning_content: "why" },
    ],
  ];
  test.each(reasons)("reasoning is %s", (_name, model, expected) => {
    expect(wireMessages(turn(0), profileOf(model))[0]).toMatchObject(expected);
  });

  test("DeepSeek gets an empty reasoning where there was none", () => {
    const sent = wireMessages(
      [{ role: "assistant", content: "x" }],
      profileOf("@cf/deepseek-ai/deepseek-v4-pro-0813"),
    );
    expect(sent).toEqual([{ role: "assistant", content: "x", reasoning_content: "" }]);
  });

  test("every call is answered, even one whose result is missing", () => {
    const calls = ["a", "b"].map((id) => ({ id, name: "read_file", arguments: "{}" }));
    const sent = wireMessages(
      [
        { role: "assistant", content: "", calls },
        { role: "tool", call_id: "b", name: "read_file", content: "B" },
        { role: "user", content: "continue" },
      ],
      profile,
    );
    expect(sent.slice(1)).toEqual([
      { role: "tool", tool_call_id: "b", name: "read_file", content: "B" },
      {
        role: "tool",
        tool_call_id: "a",
        name: "read_file",
        content: "No result was recorded for this call.",
      },
      { role: "user", content: "continue" },
    ]);
  });

  test("a result without a call is left out", () => {
    expect(wireMessages([{ role: "tool", call_id: "x", name: "f", content: "" }], profile)).toEqual(
      [],
    );
  });

  test("unreadable arguments and unusable names are made harmless", () => {
    const [sent] = wireMessages(
      [
        {
          role: "assistant",
          content: "",
          calls: [{ id: "a", name: "read file!", arguments: '{"path' }],
        },
      ],
      profile,
    );
    expect(sent).toMatchObject({
      tool_calls: [{ function: { name: "read_file_", arguments: "{}" } }],
    });
  });

  test("Kimi's ids count over the whole history, so that an earlier one never changes", () => {
    const kimi = profileOf("@cf/moonshotai/kimi-k2.6");
    const ids = (messages: readonly Message[]) =>
      wireMessages(messages, kimi).flatMap((message) => message.tool_call_id ?? []);
    expect(ids([...turn(0), ...turn(1)])).toEqual([
      "functions.read_file:0",
      "functions.read_file:1",
    ]);
  });

  test("half a character is never sent", () => {
    const [sent] = wireMessages([{ role: "user", content: "a\ud83d" }], profile);
    expect(sent?.content).toBe("a\ufffd");
  });
});
