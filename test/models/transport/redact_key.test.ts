import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { openAiTransport } from "../../../consumer/models/transport/openai.ts";
import { profileOf } from "../../../shared/models/profiles.ts";
import { request } from "../request.ts";

const key = 'mk-SECRET+key/9=z"q';

async function outcomeOf(body: unknown, status = 200, apiKey = key): Promise<string> {
  const transport = openAiTransport({
    baseUrl: "http://models.test/v1/",
    profile: profileOf("any"),
    apiKey,
    send: async () => Response.json(body, { status }),
  });
  const outcome = await transport.complete(request());
  expect(outcome.ok).toBe(status === 200);
  return JSON.stringify(outcome);
}

const reply = (message: object) => ({
  choices: [{ finish_reason: "stop", message }],
  usage: { prompt_tokens: 9, completion_tokens: 1 },
});

const spellings: [name: string, text: string][] = [
  ["plain", key],
  ["in a header", `Bearer ${key}`],
  ["as JSON", JSON.stringify({ key })],
  ["percent-encoded", encodeURIComponent(key)],
  ["as base64", Buffer.from(key).toString("base64")],
  ["as base64 of a header", Buffer.from(`Bearer ${key}`).toString("base64")],
  ["as hexadecimal", Buffer.from(key).toString("hex")],
];

/** Characters of the key that appear in no other part of an outcome, plain and encoded. */
const traces = [
  "SECRET",
  ...[0, 1, 2].map((skip) => Buffer.from(key.slice(skip)).toString("base64").slice(4, 12)),
  Buffer.from("SECRET").toString("hex"),
];

describe("the key of the model's endpoint is in no outcome", () => {
  test.each(spellings)("of an error that repeats it %s", async (_name, text) => {
    const outcome = await outcomeOf({ error: { message: `bad: ${text}` } }, 400);
    expect(outcome).toContain("[key]");
    for (const trace of traces) expect(outcome).not.toContain(trace);
  });

  test.each(spellings)("of a reply that repeats it %s", async (_name, text) => {
    for (const field of ["content", "reasoning_content"]) {
      const outcome = await outcomeOf(reply({ content: "", [field]: `it is ${text}` }));
      expect(outcome).toContain("[key]");
      for (const trace of traces) expect(outcome).not.toContain(trace);
    }
  });

  test.each(spellings)("of a tool call that repeats it %s", async (_name, text) => {
    const call = { name: "read_file", arguments: JSON.stringify({ path: text, [text]: 1 }) };
    const tool_calls = [{ id: "1", type: "function", function: call }];
    const outcome = await outcomeOf(reply({ content: "", tool_calls }));
    for (const trace of traces) expect(outcome).not.toContain(trace);
  });
});

test("a short placeholder key is an ordinary word in replies", async () => {
  expect(await outcomeOf(reply({ content: "use ollama" }), 200, "ollama")).toContain("use ollama");
});
