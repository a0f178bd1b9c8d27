import { describe, expect, test } from "vitest";
import { readProfiles } from "../../../shared/models/profile_overrides.ts";
import { costOf, isPriced, profileOf } from "../../../shared/models/profiles.ts";

function read(value: unknown) {
  const result = readProfiles(typeof value === "string" ? value : JSON.stringify(value));
  if (!result.ok) throw new Error(result.error);
  return result.value;
}
const errorOf = (value: unknown): string => {
  const result = readProfiles(typeof value === "string" ? value : JSON.stringify(value));
  return result.ok ? "" : result.error;
};
const largeUsage = {
  prompt_tokens: 1_000_000,
  cached_tokens: 0,
  completion_tokens: 1_000_000,
  neurons: null,
  estimated: false,
};

test.each([undefined, "", "  ", "{}"])("without overrides (%j) the table applies", (text) => {
  const result = readProfiles(text);
  if (!result.ok) throw new Error(result.error);
  expect(result.value("@cf/zai-org/glm-5.2")).toEqual(profileOf("@cf/zai-org/glm-5.2"));
  expect(result.value("qwen3:8b")).toEqual(profileOf("qwen3:8b"));
});

test("a model of one's own endpoint has a price, a window and settings by configuration", () => {
  const overrides = read({
    "qwen3:8b": {
      window_tokens: 32_768,
      output_tokens_max: 4_096,
      price: { input: 0.1, output: 0.4 },
      thinking: { reasoning_effort: "low" },
      json_mode: "none",
      forced_tool: false,
      reasoning_field: "reasoning_content",
      call_ids: "kimi",
      output_field: "max_completion_tokens",
    },
  })("qwen3:8b");
  expect(overrides).toEqual({
    ...profileOf("qwen3:8b"),
    windowTokens: 32_768,
    outputTokensMax: 4_096,
    price: { input: 0.1, cached: 0.1, output: 0.4 },
    thinking: { reasoning_effort: "low" },
    thinkingLess: { reasoning_effort: "low" },
    jsonMode: "none",
    forcedTool: false,
    reasoningField: "reasoning_content",
    callIds: "kimi",
    outputField: "max_completion_tokens",
  });
  expect(costOf(overrides, largeUsage)).toBeCloseTo(0.5, 9);
});

test("a field that an override leaves out keeps the value of the table", () => {
  const profile = read({ "@cf/zai-org/glm-5.2": { requests_per_minute: 50 } });
  expect(profile("@cf/zai-org/glm-5.2")).toEqual({
    ...profileOf("@cf/zai-org/glm-5.2"),
    requestsPerMinute: 50,
  });
  expect(profile("@cf/zai-org/glm-4.7-flash")).toEqual(profileOf("@cf/zai-org/glm-4.7-flash"));
});

test("a model is priced once a price was given, and not by another field", () => {
  const profile = read({ a: { window_tokens: 8_192 }, b: { price: { input: 0, output: 0 } } });
  expect(["a", "b"].map((model) => isPriced(profile(model), { neurons: null }))).toEqual([
    false,
    true,
  ]);
});

test('"*" is for models that nothing else names', () => {
  const profile = read({ "*": { window_tokens: 8_192 }, mine: { window_tokens: 16_384 } });
  const windows = ["anything", "mine", "@cf/zai-org/glm-5.2", "@cf/new/model"].map(
    (model) => profile(model).windowTokens,
  );
  expect(windows).toEqual([8_192, 16_384, 262_144, 8_192]);
});

test("a window that is smaller than the usual output leaves room for both", () => {
  expect(read({ m: { window_tokens: 4_096 } })("m").outputTokensMax).toBeLessThan(4_096);
});

describe("is rejected with the fix", () => {
  test.each([
    ["text that is not JSON", "{", /not JSON/],
    ["a list", [], /one JSON object/],
    ["a mistyped field", { m: { window_token: 1_000 } }, /did you mean "window_tokens"/],
    ["an unknown field", { m: { colour: 1 } }, /the fields are window_tokens/],
    ["a window in text", { m: { window_tokens: "8k" } }, /window_tokens: expected integer/],
    ["a negative price", { m: { price: { input: -1, output: 0 } } }, /price\.input/],
    ["half a price", { m: { price: { input: 1 } } }, /price\.output/],
    ["a price of unknown parts", { m: { price: { input: 1, output: 1, in: 2 } } }, /price\.in/],
    ["a model that is not an object", { m: 3 }, /"m"/],
    [
      "a window that only the output fills",
      { m: { window_tokens: 1_000, output_tokens_max: 1_000 } },
      /below/,
    ],
    ["a pace for one's own endpoint", { m: { requests_per_minute: 5 } }, /MODEL_RPM/],
  ])("%s", (_case, value, words) => {
    expect(errorOf(value)).toMatch(words);
    expect(errorOf(value)).toMatch(/^MODEL_PROFILES /);
  });
});
