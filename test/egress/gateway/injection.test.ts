import { expect, test } from "vitest";
import { errorOf, get, recordGateway, secrets, textOf, threeHosts } from "../recorded_gateway.ts";

const upstream = () => new Response("fine");

test("the gateway sends the credential to exactly the decided URL, without following redirects", async () => {
  const { gateway, sent } = recordGateway(threeHosts, upstream);
  const response = await gateway.fetch(get("https://API.example.com:443/v1/a/../b?x=1#f"));
  expect(textOf(response)).toBe("fine");
  expect(sent).toHaveLength(1);
  expect(sent[0]?.url).toBe("https://api.example.com/v1/b?x=1#f");
  expect(sent[0]?.headers.get("authorization")).toBe(`Bearer ${secrets.TOKEN}`);
  expect(sent[0]?.redirect).toBe("manual");
});

test("a host whose rule has no inject gets no credential", async () => {
  const { gateway, sent } = recordGateway(threeHosts, upstream);
  await gateway.fetch(get("https://open.example.com/v1/"));
  expect(sent[0]?.headers.get("authorization")).toBeNull();
  expect(sent[0]?.headers.get("x-service-key")).toBeNull();
});

test("a host with another rule's credential gets only its own", async () => {
  const { gateway, sent } = recordGateway(threeHosts, upstream);
  await gateway.fetch(get("https://keyed.example.com/"));
  expect(sent[0]?.headers.get("authorization")).toBeNull();
  expect(sent[0]?.headers.get("x-service-key")).toBe(secrets.OTHER);
});

test("a credential is never sent over http", async () => {
  const { gateway, sent } = recordGateway(
    { rules: [{ ...threeHosts.rules[0], schemes: ["http", "https"] }] },
    upstream,
  );
  const response = await gateway.fetch(get("http://api.example.com/v1/"));
  expect(errorOf(response).reason).toBe("no_rule");
  expect(sent).toHaveLength(0);
});

test.each([
  ["is not set", "ABSENT", "missing_secret"],
  ["is empty", "EMPTY", "missing_secret"],
  ["is not valid in a header", "BROKEN", "bad_secret"],
])("a request whose secret %s is denied and not sent", async (_, secret, reason) => {
  const { gateway, sent } = recordGateway(
    { rules: [{ host: "api.example.com", inject: { header: "authorization", secret } }] },
    upstream,
  );
  const response = await gateway.fetch(get("https://api.example.com/"));
  expect(response.status).toBe(403);
  expect(errorOf(response)).toMatchObject({
    code: "egress_denied",
    policy: "under_test",
    host: "api.example.com",
    reason,
  });
  expect(sent).toHaveLength(0);
  expect(gateway.drain()).toMatchObject([{ action: "deny", rule: 0, reason, status: null }]);
});
