import { expect, test } from "vitest";
import { egressLimits } from "../../../shared/limits.ts";
import {
  errorOf,
  get,
  post,
  recordGateway,
  secrets,
  textOf,
  threeHosts,
} from "../recorded_gateway.ts";

const redirect = (status: number, location: string) =>
  new Response(null, { status, headers: { location } });

/** Responds to the first request with a redirect and to every other with "arrived". */
const redirectOnce = (status: number, location: string) => {
  let first = true;
  return () => {
    if (!first) return new Response("arrived");
    first = false;
    return redirect(status, location);
  };
};

test("`fetch` returns a redirect as it is", async () => {
  const { gateway, sent } = recordGateway(
    threeHosts,
    redirectOnce(302, "https://open.example.com/x"),
  );
  const response = await gateway.fetch(get("https://api.example.com/v1/"));
  expect(response.status).toBe(302);
  expect(response.headers).toContainEqual(["location", "https://open.example.com/x"]);
  expect(sent).toHaveLength(1);
});

test("a hop to another listed host does not carry the credential of the first", async () => {
  const { gateway, sent } = recordGateway(
    threeHosts,
    redirectOnce(302, "https://open.example.com/x"),
  );
  const response = await gateway.fetchFollowing(get("https://api.example.com/v1/"));
  expect(textOf(response)).toBe("arrived");
  expect(response.url).toBe("https://open.example.com/x");
  expect(sent.map(({ headers }) => headers.get("authorization"))).toEqual([
    `Bearer ${secrets.TOKEN}`,
    null,
  ]);
  expect(gateway.drain().map((row) => row.action)).toEqual(["inject", "allow"]);
});

test.each([
  ["an unlisted host", "https://evil.example/", "no_rule"],
  ["http", "http://api.example.com/v1/", "no_rule"],
  ["a path outside the prefix", "/admin", "no_rule"],
  ["a path that leaves the prefix with ..", "/v1/../admin", "no_rule"],
  ["a private address", "http://10.0.0.1/", "address"],
  ["the metadata address in decimal", "http://2852039166/", "address"],
  ["loopback", "http://[::1]/", "address"],
  ["a local name", "http://localhost/", "name"],
  ["a URL with a user", "https://user:pass@api.example.com/v1/", "userinfo"],
  ["another scheme", "file:///etc/passwd", "scheme"],
  ["text that is not a URL", "//[bad", "bad_url"],
])("a hop to %s is denied and never sent", async (_, location, reason) => {
  const { gateway, sent } = recordGateway(threeHosts, redirectOnce(302, location));
  const response = await gateway.fetchFollowing(get("https://api.example.com/v1/"));
  expect(response.status).toBe(403);
  expect(errorOf(response).reason).toBe(reason);
  expect(sent).toHaveLength(1);
});

test.each([
  [301, "POST", "GET", ""],
  [302, "POST", "GET", ""],
  [303, "POST", "GET", ""],
  [303, "PUT", "GET", ""],
  [302, "PUT", "PUT", "body"],
  [307, "POST", "POST", "body"],
  [308, "POST", "POST", "body"],
])("a %i redirect turns %s into %s", async (status, method, next, body) => {
  const { gateway, sent } = recordGateway(threeHosts, redirectOnce(status, "/v1/next"));
  await gateway.fetchFollowing({ ...post("https://api.example.com/v1/", "body"), method });
  expect(sent[1]).toMatchObject({ method: next, body, url: "https://api.example.com/v1/next" });
  expect(sent[1]?.headers.has("content-type")).toBe(body !== "");
});

test("a Host header of the first hop is not sent with the second", async () => {
  const { gateway } = recordGateway(threeHosts, redirectOnce(302, "https://open.example.com/x"));
  const response = await gateway.fetchFollowing(
    get("https://api.example.com/v1/", [["host", "api.example.com"]]),
  );
  expect(textOf(response)).toBe("arrived");
});

test("an endless redirect chain stops at the limit and returns the last redirect", async () => {
  const { gateway, sent } = recordGateway(threeHosts, () => redirect(302, "/v1/again"));
  const response = await gateway.fetchFollowing(get("https://api.example.com/v1/"));
  expect(response.status).toBe(302);
  expect(sent).toHaveLength(egressLimits.redirectsMax + 1);
});
