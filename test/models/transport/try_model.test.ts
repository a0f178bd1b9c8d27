/** What `fleet doctor` finds at a model's endpoint, and what it says to set. */
import { describe, expect, test } from "vitest";
import { tryModel } from "../../../consumer/models/try_model.ts";

const base = "http://127.0.0.1:11434/v1";
const list = (...ids: string[]) =>
  Response.json({ object: "list", data: ids.map((id) => ({ id })) });
const call = () =>
  Response.json({
    choices: [
      {
        finish_reason: "tool_calls",
        message: {
          content: null,
          tool_calls: [
            {
              id: "c1",
              type: "function",
              function: { name: "report_ready", arguments: '{"ready": true}' },
            },
          ],
        },
      },
    ],
  });
const text = () =>
  Response.json({ choices: [{ finish_reason: "stop", message: { content: "Hello!" } }] });
const page = () =>
  new Response("<!DOCTYPE html><html><body>Welcome to nginx!</body></html>", {
    headers: { "content-type": "text/html" },
  });
const refusal = () => {
  const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  throw new TypeError("fetch failed", { cause });
};
const unauthorized = () =>
  Response.json({ error: { message: "Incorrect API key provided" } }, { status: 401 });
const noSuchModel = () =>
  Response.json({ error: { message: "model 'qwen3:8' not found" } }, { status: 404 });

/** The findings, and the paths that were requested. */
async function findings(
  answers: { models: () => Response; chat: () => Response },
  config: Parameters<typeof tryModel>[1] = { MODEL_BASE_URL: base },
  model = "qwen3:8b",
) {
  const paths: string[] = [];
  const send: typeof fetch = async (input) => {
    const { pathname } = new URL(String(input));
    paths.push(pathname);
    return pathname.endsWith("/models") ? answers.models() : answers.chat();
  };
  return { found: await tryModel(model, config, send), paths };
}

test("an endpoint that serves the model, and a model that calls a tool, are fine", async () => {
  const { found, paths } = await findings({ models: () => list("qwen3:8b"), chat: call });
  expect(found).toEqual([
    { check: "endpoint", ok: true, message: `${base} answers and serves qwen3:8b` },
    { check: "model", ok: true, message: expect.stringMatching(/^qwen3:8b called a tool after/) },
  ]);
  expect(paths).toEqual(["/v1/models", "/v1/chat/completions"]);
});

describe("what is wrong is named with what to set", () => {
  test.each<[string, Parameters<typeof findings>[0], RegExp[]]>([
    ["a refused connection", { models: refusal, chat: refusal }, [/refused.*MODEL_BASE_URL/]],
    ["a refused key", { models: unauthorized, chat: unauthorized }, [/401.*MODEL_API_KEY/]],
    [
      "an unknown model",
      { models: () => list("qwen3:8b-q4", "llama3"), chat: noSuchModel },
      [/"qwen3:8b".*Did you mean "qwen3:8b-q4"\? Set MODEL/],
    ],
    [
      "a model that calls no tool",
      { models: () => list("qwen3:8b"), chat: text },
      [/did not call the tool.*supports tools/],
    ],
    [
      "a page instead of an API",
      { models: page, chat: page },
      [/127\.0\.0\.1:11434\/v1\/models answers with an HTML page instead of JSON.*MODEL_BASE_URL/],
    ],
    ["a server without a model", { models: () => list(), chat: noSuchModel }, [/load one/]],
  ])("%s", async (_name, answers, patterns) => {
    const { found } = await findings(answers);
    const failed = found.filter(({ ok }) => !ok).map(({ message }) => message);
    for (const pattern of patterns) expect(failed.join("\n")).toMatch(pattern);
  });

  test("an endpoint that is not configured", async () => {
    const { found } = await findings({ models: refusal, chat: refusal }, {});
    expect(found).toMatchObject([{ check: "model", ok: false }]);
    expect(found[0]?.message).toContain("set MODEL_BASE_URL");
  });
});

test.each<[string, () => Response]>([
  ["that is missing", () => new Response("404 page not found", { status: 404 })],
  ["that names other models", () => list("other")],
  ["that the key may not read", unauthorized],
])("a list of models %s does not fail where the call works", async (_name, models) => {
  const { found } = await findings({ models, chat: call });
  expect(found.map(({ ok }) => ok)).toEqual([true, true]);
});

test("Ollama's list names the tag of a model without one", async () => {
  const answers = { models: () => list("qwen3:latest"), chat: call };
  const { found } = await findings(answers, { MODEL_BASE_URL: base }, "qwen3");
  expect(found[0]?.message).toBe(`${base} answers and serves qwen3`);
});

test("the key is sent and never repeated", async () => {
  const config = { MODEL_BASE_URL: base, MODEL_API_KEY: "sk-secret" };
  const repeats = () => Response.json({ error: { message: "bad key sk-secret" } }, { status: 401 });
  const { found } = await findings({ models: repeats, chat: repeats }, config);
  expect(JSON.stringify(found)).not.toContain("sk-secret");
});

test("the rehearsal is never called", async () => {
  const { found, paths } = await findings({ models: refusal, chat: refusal }, {}, "rehearsal");
  expect(found).toMatchObject([{ check: "model", ok: true }]);
  expect(paths).toEqual([]);
});
