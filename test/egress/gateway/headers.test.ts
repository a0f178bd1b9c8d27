import { expect, test } from "vitest";
import { errorOf, get, recordGateway, secrets, threeHosts } from "../recorded_gateway.ts";

const url = "https://open.example.com/";

test.each([
  "Authorization",
  "Proxy-Authorization",
  "Cookie",
  "X-Api-Key",
  "X-Service-Key",
  "X_Service_Key",
  "CF-Connecting-IP",
  "CF-Access-Client-Secret",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X_Forwarded_For",
  "X-Real-IP",
  "Forwarded",
  "True-Client-IP",
  "X-Original-URL",
  "X-Rewrite-URL",
  "X_HTTP_Method_Override",
  "X-Envoy-Original-Path",
  "X-Override-URL",
  "X-Rewrite-URI",
  "X-HTTP-Path-Override",
  "X-Proxy-URL",
  "Remote-User",
  "X-Remote-User",
  "X-WebAuth-User",
  "X-Auth-Request-Email",
  "X-Goog-Authenticated-User-Email",
  "X-MS-Client-Principal",
  "X-MS-Client-Principal-Id",
  "X-Amzn-OIDC-Data",
  "X-AppEngine-User-Email",
  "Client-IP",
  "X-Azure-ClientIP",
  "X-Vault-Token",
  "X-GitLab-Token",
  "DD-API-Key",
  "X-API-Token",
  "Via",
  "Connection",
  "Transfer-Encoding",
  "Content-Length",
  "Expect",
  "Accept-Encoding",
])("the sandbox's %s is not sent", async (name) => {
  const { gateway, sent } = recordGateway(threeHosts, () => new Response());
  await gateway.fetch(get(url, [[name, "planted"]]));
  expect(sent).toHaveLength(1);
  expect([...(sent[0]?.headers.values() ?? [])]).not.toContain("planted");
});

test("other headers are sent, repeated ones joined", async () => {
  const { gateway, sent } = recordGateway(threeHosts, () => new Response());
  await gateway.fetch(
    get(url, [
      ["accept", "text/html"],
      ["x-note", "one"],
      ["X-Note", "two"],
      ["range", "bytes=0-9"],
    ]),
  );
  expect(sent[0]?.headers.get("accept")).toBe("text/html");
  expect(sent[0]?.headers.get("x-note")).toBe("one, two");
  expect(sent[0]?.headers.get("range")).toBe("bytes=0-9");
  expect(sent[0]?.headers.get("user-agent")).toBe("flotilla");
});

test("a credential of the sandbox is replaced by the gateway's", async () => {
  const { gateway, sent } = recordGateway(threeHosts, () => new Response());
  await gateway.fetch(get("https://api.example.com/v1/", [["AUTHORIZATION", "Bearer mine"]]));
  expect(sent[0]?.headers.get("authorization")).toBe(`Bearer ${secrets.TOKEN}`);
});

test("a request with a credential cannot ask for a range", async () => {
  const { gateway, sent } = recordGateway(threeHosts, () => new Response());
  await gateway.fetch(get("https://api.example.com/v1/", [["range", "bytes=0-3"]]));
  expect(sent[0]?.headers.has("range")).toBe(false);
});

test.each([
  ["a method override", "X-HTTP-Method-Override", "DELETE"],
  ["an upgrade", "Upgrade", "websocket"],
  ["another host", "Host", "evil.example"],
  ["a line break", "x-note", "a\r\nauthorization: b"],
  ["a name with a space", "x note", "a"],
])("a request with %s is denied", async (_, name, value) => {
  const { gateway, sent } = recordGateway(threeHosts, () => new Response());
  const response = await gateway.fetch(get(url, [[name, value]]));
  expect(errorOf(response).reason).toBe("header");
  expect(sent).toHaveLength(0);
});

test("cookies and framing headers are removed from a response", async () => {
  const { gateway } = recordGateway(
    threeHosts,
    () =>
      new Response("x", {
        headers: [
          ["set-cookie", "a=b"],
          ["set-cookie", "c=d"],
          ["content-length", "1"],
          ["keep-alive", "timeout=5"],
          ["etag", '"1"'],
        ],
      }),
  );
  const { headers } = await gateway.fetch(get(url));
  expect(headers.map(([name]) => name).sort()).toEqual(["content-type", "etag"]);
});

test("a response to HEAD keeps its content-length", async () => {
  const { gateway } = recordGateway(
    threeHosts,
    () => new Response(null, { headers: { "content-length": "12" } }),
  );
  const { headers } = await gateway.fetch({ ...get(url), method: "HEAD" });
  expect(headers).toContainEqual(["content-length", "12"]);
});
