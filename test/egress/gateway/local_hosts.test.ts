import { describe, expect, test } from "vitest";
import { parseHosts } from "../../../shared/addresses/local_hosts.ts";
import { errorOf, get, recordGateway, secrets, textOf, threeHosts } from "../recorded_gateway.ts";

describe("FLEET_HOSTS is invalid", () => {
  test.each([
    ["api.example.com", "write host=http://127.0.0.1:port"],
    ["api.example.com=", "write host=http://127.0.0.1:port"],
    ["a=b=c", "write host=http://127.0.0.1:port"],
    ["API.example.com=http://127.0.0.1:1", "in lower case"],
    ["*.example.com=http://127.0.0.1:1", "as in the URL"],
    ["api.example.com/x=http://127.0.0.1:1", "as in the URL"],
    ["api.example.com=127.0.0.1:1", "write http://127.0.0.1:port"],
    ["api.example.com=ftp://127.0.0.1", "write http://127.0.0.1:port"],
    ["api.example.com=http://192.168.0.1:1", "only loopback"],
    ["api.example.com=http://evil.example", "only loopback"],
    ["api.example.com=http://127.0.0.1:1/path", "write only http://127.0.0.1:1"],
    ["api.example.com=http://u@127.0.0.1:1", "write only http://127.0.0.1:1"],
    ["a.example=http://[::1]:1,a.example=http://[::1]:2", "twice"],
  ])("as %s", (text, message) => {
    const parsed = parseHosts(text, "local");
    expect(parsed.ok ? "" : parsed.error).toContain(message);
    expect(parsed.ok).toBe(false);
  });
});

test("a deployed Worker rejects FLEET_HOSTS, and an empty value maps no host", () => {
  expect(parseHosts("api.example.com=http://127.0.0.1:1", "deployed").ok).toBe(false);
  expect(parseHosts("", "deployed").ok).toBe(true);
  expect(parseHosts(undefined, "deployed").ok).toBe(true);
});

function hosts(text: string) {
  const parsed = parseHosts(text, "local");
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const mapped = {
  mode: "local" as const,
  hosts: hosts("api.example.com=http://127.0.0.1:9911, evil.example=http://localhost:1"),
};

test("a request to a mapped host is sent to the mapped address, with the host's own credential and row", async () => {
  const { gateway, sent } = recordGateway(threeHosts, () => new Response("here"), mapped);
  const response = await gateway.fetch(get("https://api.example.com/v1/a%20b?c=d"));
  expect(textOf(response)).toBe("here");
  expect(response.url).toBe("https://api.example.com/v1/a%20b?c=d");
  expect(sent[0]?.url).toBe("http://127.0.0.1:9911/v1/a%20b?c=d");
  expect(sent[0]?.headers.get("authorization")).toBe(`Bearer ${secrets.TOKEN}`);
  expect(sent[0]?.headers.get("x-forwarded-host")).toBe("api.example.com");
  expect(sent[0]?.headers.get("x-forwarded-proto")).toBe("https");
  expect(gateway.drain()).toMatchObject([
    { action: "inject", host: "api.example.com", url: "https://api.example.com/v1/a%20b?c=d" },
  ]);
});

test("a mapping allows no further request", async () => {
  const { gateway, sent } = recordGateway(threeHosts, () => new Response(), mapped);
  expect(errorOf(await gateway.fetch(get("https://evil.example/"))).reason).toBe("no_rule");
  expect(errorOf(await gateway.fetch(get("https://api.example.com/admin"))).reason).toBe("no_rule");
  expect(errorOf(await gateway.fetch(get("http://127.0.0.1:9911/v1/"))).reason).toBe("address");
  expect(sent).toHaveLength(0);
});

test("requests to other hosts are not mapped", async () => {
  const { gateway, sent } = recordGateway(threeHosts, () => new Response(), mapped);
  await gateway.fetch(get("https://open.example.com/x"));
  expect(sent[0]?.url).toBe("https://open.example.com/x");
  expect(sent[0]?.headers.has("x-forwarded-host")).toBe(false);
});

test.each([
  ["http://127.0.0.1:9911/v1/next", "https://api.example.com/v1/next"],
  ["http://127.0.0.1:9911", "https://api.example.com"],
  ["http://127.0.0.1:99110/v1/next", "http://127.0.0.1:99110/v1/next"],
  ["/v1/next", "/v1/next"],
])("a redirect from a mapped host to %s is returned as %s", async (location, expected) => {
  const { gateway } = recordGateway(
    threeHosts,
    () => new Response(null, { status: 302, headers: { location } }),
    mapped,
  );
  const response = await gateway.fetch(get("https://api.example.com/v1/"));
  expect(response.headers).toContainEqual(["location", expected]);
});
