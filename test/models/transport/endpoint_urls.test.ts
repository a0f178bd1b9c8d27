/** MODEL_BASE_URL as people write it. */
import { describe, expect, test } from "vitest";
import { endpointUrls } from "../../../shared/addresses/endpoint_urls.ts";

describe("MODEL_BASE_URL is completed where its meaning is clear", () => {
  test.each([
    ["the documented form", "http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1", ""],
    ["a trailing slash", "http://127.0.0.1:11434/v1/", "http://127.0.0.1:11434/v1", ""],
    ["spaces around it", "  http://127.0.0.1:11434/v1 ", "http://127.0.0.1:11434/v1", ""],
    ["no /v1", "http://127.0.0.1:11434", "http://127.0.0.1:11434/v1", ""],
    ["no /v1, with a slash", "https://models.example/", "https://models.example/v1", ""],
    [
      "the whole address",
      "http://localhost:8000/v1/chat/completions",
      "http://localhost:8000/v1",
      "",
    ],
    ["the whole address and a slash", "http://a.test/v1/chat/completions/", "http://a.test/v1", ""],
    ["the address of completions", "http://a.test/v1/completions", "http://a.test/v1", ""],
    [
      "an API at the root, as its whole address",
      "https://a.test/chat/completions",
      "https://a.test",
      "",
    ],
    [
      "another path",
      "https://a.test/openai/deployments/d",
      "https://a.test/openai/deployments/d",
      "",
    ],
    [
      "a query",
      "https://a.test/openai/deployments/d?api-version=2024-10-21",
      "https://a.test/openai/deployments/d",
      "?api-version=2024-10-21",
    ],
    [
      "a query after the whole address",
      "https://a.test/openai/deployments/d/chat/completions?api-version=1",
      "https://a.test/openai/deployments/d",
      "?api-version=1",
    ],
    ["a query and no path", "https://a.test?api-version=1", "https://a.test/v1", "?api-version=1"],
    ["a fragment", "https://a.test/v1#top", "https://a.test/v1", ""],
  ])("%s", (_name, text, base, query) => {
    expect(endpointUrls(text)).toEqual({
      ok: true,
      value: {
        base,
        chat: `${base}/chat/completions${query}`,
        models: `${base}/models${query}`,
      },
    });
  });
});

describe("another MODEL_BASE_URL is refused with the right form", () => {
  test.each([
    ["a local port without a scheme", "127.0.0.1:11434", "such as http://127.0.0.1:11434/v1"],
    ["a local name without a scheme", "localhost:1234/v1", "such as http://localhost:1234/v1"],
    ["a host without a scheme", "models.example/v1", "such as https://models.example/v1"],
    ["a host and a port without a scheme", "gpu.lan:8000", "such as http://gpu.lan:8000/v1"],
    ["slashes without a scheme", "//models.example/v1", "such as https://models.example/v1"],
    ["another scheme", "ftp://models.example/v1", "must start with http:// or https://"],
    ["a password", "http://user:secret@models.example/v1", "set MODEL_API_KEY"],
    ["no URL at all", "http://", "is not a URL"],
  ])("%s", (_name, text, message) => {
    const urls = endpointUrls(text);
    expect(urls).toMatchObject({ ok: false, error: expect.stringContaining(message) });
    expect(JSON.stringify(urls)).not.toContain("secret");
  });
});
