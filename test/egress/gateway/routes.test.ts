import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { errorOf, get, recordGateway, textOf } from "../recorded_gateway.ts";

const policy = {
  rules: [
    {
      host: "inner.example",
      methods: ["GET", "POST"],
      route: "INNER",
      inject: { header: "x-key", secret: "OTHER" },
    },
    { host: "absent.example", route: "ABSENT" },
    { host: "proto.example", route: "CONSTRUCTOR" },
  ],
};
/** The second Worker echoes what it received. */
const gatewayToInner = () =>
  recordGateway(policy, () => new Response(), { routes: { INNER: env.INNER } });

test("a request of a rule with route goes only to the bound Worker, with its credential", async () => {
  const { gateway, sent } = gatewayToInner();
  const request = {
    ...get("https://inner.example/x?q=1"),
    method: "POST",
    headers: [["cookie", "a=b"]] as [string, string][],
    body: new TextEncoder().encode("hello"),
  };
  // The Worker echoes the credential, which comes back scrubbed.
  expect(JSON.parse(textOf(await gateway.fetch(request)))).toEqual({
    url: "https://inner.example/x?q=1",
    method: "POST",
    key: "[redacted]",
    cookie: null,
    body: "hello",
  });
  expect(sent).toHaveLength(0);
});

test("a redirect from the bound Worker gets its own decision and does not use the binding", async () => {
  const { gateway, sent } = gatewayToInner();
  const response = await gateway.fetchFollowing(get("https://inner.example/moved"));
  expect(errorOf(response)).toMatchObject({ host: "evil.example", reason: "no_rule" });
  expect(sent).toHaveLength(0);
});

test("a request that the rule does not allow never reaches the bound Worker", async () => {
  const { gateway, sent } = gatewayToInner();
  const response = await gateway.fetch({ ...get("https://inner.example/x"), method: "DELETE" });
  expect(errorOf(response).reason).toBe("no_rule");
  expect(sent).toHaveLength(0);
});

test.each(["https://absent.example/", "https://proto.example/"])(
  "a request to %s is denied when its binding is missing",
  async (url) => {
    const { gateway, sent } = gatewayToInner();
    expect(errorOf(await gateway.fetch(get(url))).reason).toBe("missing_route");
    expect(sent).toHaveLength(0);
  },
);
