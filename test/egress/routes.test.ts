import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { errorOf, get, recorded, textOf } from "./recorded_gateway.ts";

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
/** The second Worker, which remembers nothing and tells what it saw. */
const toInner = () => recorded(policy, () => new Response(), { routes: { INNER: env.INNER } });

test("a rule with route goes to the other Worker and nowhere else, with its credential", async () => {
  const { gateway, sent } = toInner();
  const request = {
    ...get("https://inner.example/x?q=1"),
    method: "POST",
    headers: [["cookie", "a=b"]] as [string, string][],
    body: new TextEncoder().encode("hello"),
  };
  // The Worker echoes what it saw, so the credential comes back scrubbed.
  expect(JSON.parse(textOf(await gateway.fetch(request)))).toEqual({
    url: "https://inner.example/x?q=1",
    method: "POST",
    key: "[redacted]",
    cookie: null,
    body: "hello",
  });
  expect(sent).toHaveLength(0);
});

test("what the other Worker redirects to is decided anew, and not reached by its binding", async () => {
  const { gateway, sent } = toInner();
  const answer = await gateway.follow(get("https://inner.example/moved"));
  expect(errorOf(answer)).toMatchObject({ host: "evil.example", reason: "no_rule" });
  expect(sent).toHaveLength(0);
});

test("a request that the rule does not permit never reaches the other Worker", async () => {
  const { gateway, sent } = toInner();
  const answer = await gateway.fetch({ ...get("https://inner.example/x"), method: "DELETE" });
  expect(errorOf(answer).reason).toBe("no_rule");
  expect(sent).toHaveLength(0);
});

test.each(["https://absent.example/", "https://proto.example/"])(
  "a binding that is not there denies %s",
  async (url) => {
    const { gateway, sent } = toInner();
    expect(errorOf(await gateway.fetch(get(url))).reason).toBe("missing_route");
    expect(sent).toHaveLength(0);
  },
);
