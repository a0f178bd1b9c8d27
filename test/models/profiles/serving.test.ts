import { describe, expect, test } from "vitest";
import { type ModelConfig, transportFor } from "../../../consumer/models/index.ts";
import type { WorkersAi } from "../../../consumer/models/transport/workers_ai.ts";
import type { ReplyUsage } from "../../../shared/models/model.ts";
import { costOf, profileOf } from "../../../shared/models/profiles.ts";
import { serves } from "../../../shared/platform/serving.ts";
import { request } from "../request.ts";

const AI: WorkersAi = { run: async () => Response.json({ response: "from the binding" }) };
const base = "http://127.0.0.1:11434/v1";
const rehearsal = { turns: [{ text: "from the script" }], position: 0 };

describe("a model is served", () => {
  const served: [string, string, ModelConfig, string | null][] = [
    ["the script", "rehearsal", { rehearsal }, "from the script"],
    [
      "the script, even with endpoints",
      "rehearsal",
      { rehearsal, AI, MODEL_BASE_URL: base },
      "from the script",
    ],
    ["@cf/ from the binding", "@cf/zai-org/glm-5.2", { AI }, "from the binding"],
    [
      "@cf/ from the binding, even with an endpoint",
      "@cf/x/y",
      { AI, MODEL_BASE_URL: base },
      "from the binding",
    ],
    ["@cf/ from the endpoint where nothing is bound", "@cf/x/y", { MODEL_BASE_URL: base }, null],
    ["anything else from the endpoint", "qwen3", { MODEL_BASE_URL: base, MODEL_API_KEY: "" }, null],
  ];
  test.each(served)("%s", async (_name, model, config, text) => {
    const transport = transportFor(model, config);
    expect(transport.ok).toBe(true);
    if (!transport.ok || text === null) return;
    expect(await transport.value.transport.complete(request({ model }))).toMatchObject({
      reply: { text },
    });
  });
});

describe("a model that nothing serves says what to set", () => {
  const rejectedCases: [string, string, ModelConfig, string[]][] = [
    ["a name without an endpoint", "qwen3", { AI }, ["MODEL_BASE_URL", '"qwen3"']],
    ["@cf/ without either", "@cf/x/y", {}, ["Workers AI", "MODEL_BASE_URL"]],
    ["an endpoint that is not a URL", "qwen3", { MODEL_BASE_URL: "localhost" }, ["not a URL"]],
    ["an endpoint of another scheme", "qwen3", { MODEL_BASE_URL: "ftp://x/" }, ["http://"]],
    [
      "an endpoint with a password",
      "qwen3",
      { MODEL_BASE_URL: "http://u:p@x/" },
      ["MODEL_API_KEY"],
    ],
    ["a blank endpoint", "qwen3", { MODEL_BASE_URL: "  " }, ["MODEL_BASE_URL"]],
    ["a script without turns", "rehearsal", { AI }, ["MODEL", "MODEL_BASE_URL"]],
  ];
  test.each(rejectedCases)("%s", (_name, model, config, words) => {
    const transport = transportFor(model, config);
    expect(transport).toMatchObject({ ok: false, error: { code: "model_unconfigured" } });
    if (transport.ok) return;
    for (const word of words) expect(transport.error.message).toContain(word);
  });
});

describe("the producer asks the same question", () => {
  const rows: [string, string, Parameters<typeof serves>[1], RegExp | null][] = [
    ["bound", "@cf/x/y", { WORKERS_AI: "bound" }, null],
    ["not bound", "@cf/x/y", { WORKERS_AI: "" }, /bind Workers AI/],
    ["an endpoint", "qwen3", { MODEL_BASE_URL: base }, null],
    ["no endpoint", "qwen3", { WORKERS_AI: "bound" }, /set MODEL_BASE_URL/],
    ["the script", "rehearsal", {}, null],
  ];
  test.each(rows)("%s", (_name, model, env, expected) => {
    const answer = serves(model, env);
    if (expected === null) expect(answer).toBeNull();
    else expect(answer).toMatch(expected);
  });
});

describe("a call costs", () => {
  const usage: ReplyUsage = {
    prompt_tokens: 1_000_000,
    cached_tokens: 500_000,
    completion_tokens: 1_000_000,
    neurons: null,
    estimated: false,
  };
  const rows: [string, string, Partial<ReplyUsage>, number][] = [
    ["by neurons where they are billed", "@cf/zai-org/glm-5.2", { neurons: 1_000_000 }, 11],
    ["by price, cached tokens apart", "@cf/zai-org/glm-5.2", {}, 0.7 + 0.13 + 4.4],
    [
      "the full price for cached tokens where no other is known",
      "@cf/openai/gpt-oss-120b",
      {},
      0.35 + 0.75,
    ],
    ["nothing at an endpoint of one's own", "qwen3", {}, 0],
    ["nothing for the script", "rehearsal", {}, 0],
    ["the dearest price for an unlisted hosted model", "@cf/new/model", {}, 1.4 + 4.4],
    [
      "never less for more cached tokens than tokens",
      "@cf/zai-org/glm-5.2",
      { cached_tokens: 9e9 },
      0.26 + 4.4,
    ],
  ];
  test.each(rows)("%s", (_name, model, overrides, usd) => {
    expect(costOf(profileOf(model), { ...usage, ...overrides })).toBeCloseTo(usd, 9);
  });

  test.each([
    ["@cf/zai-org/glm-5.2", 20],
    ["@cf/zai-org/glm-5.3-flash", 20],
    ["@cf/zai-org/glm-4.7-flash", 300],
    ["@cf/google/gemma-4-26b-a4b-it", 300],
    ["@cf/openai/gpt-oss-120b", 300],
    ["@cf/new/model", 20],
    ["qwen3", null],
  ])("and %s may be asked %j times a minute", (model, pace) => {
    expect(profileOf(model).requestsPerMinute).toBe(pace);
  });
});
