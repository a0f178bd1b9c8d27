import { expect, test } from "vitest";
import { errorOf, get, recorded, secrets, textOf } from "./recorded_gateway.ts";

const policy = {
  rules: [
    { host: "inner.example", route: "INNER", inject: { header: "x-key", secret: "OTHER" } },
    { host: "absent.example", route: "ABSENT" },
    { host: "proto.example", route: "CONSTRUCTOR" },
  ],
};

test("a rule with route goes to its binding and nowhere else", async () => {
  const seen: Request[] = [];
  const routes = {
    INNER: {
      async fetch(input: RequestInfo | URL, init?: RequestInit) {
        seen.push(new Request(input, init));
        return new Response("from the binding");
      },
    },
  };
  const { gateway, sent } = recorded(policy, () => new Response(), { routes });
  expect(textOf(await gateway.fetch(get("https://inner.example/x")))).toBe("from the binding");
  expect(sent).toHaveLength(0);
  expect(seen[0]?.url).toBe("https://inner.example/x");
  expect(seen[0]?.redirect).toBe("manual");
  expect(seen[0]?.headers.get("x-key")).toBe(secrets.OTHER);
});

test.each(["https://absent.example/", "https://proto.example/"])(
  "a binding that is not there denies %s",
  async (url) => {
    const { gateway, sent } = recorded(policy, () => new Response());
    expect(errorOf(await gateway.fetch(get(url))).reason).toBe("missing_route");
    expect(sent).toHaveLength(0);
  },
);
