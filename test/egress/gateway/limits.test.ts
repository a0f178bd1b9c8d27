import { describe, expect, test } from "vitest";
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

const url = "https://open.example.com/";
const unused = { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 };
const answer = () => new Response("0123456789");

describe("a bound that was reached refuses before anything is sent", () => {
  const tenBytes = "0123456789";
  test.each([
    ["the task's requests", {}, { limits: { requests: 0, bytes: 100 } }, "budget_requests"],
    ["the task's bytes", {}, { limits: { requests: 9, bytes: 9 } }, "budget_bytes"],
    ["the policy's requests", { requests: 0 }, {}, "policy_requests"],
    ["the policy's sent bytes", { bytes_out: 9 }, {}, "policy_bytes_out"],
    ["the policy's seconds", { seconds: 1 }, { used: { ...unused, ms: 1_000 } }, "policy_seconds"],
    [
      "requests of earlier attempts",
      { requests: 3 },
      { used: { ...unused, requests: 3 } },
      "policy_requests",
    ],
    [
      "bytes of earlier attempts",
      {},
      { limits: { requests: 9, bytes: 30 }, used: { ...unused, bytes_in: 15, bytes_out: 6 } },
      "budget_bytes",
    ],
  ])("%s", async (_, limits, more, reason) => {
    const { gateway, sent } = recordGateway({ ...threeHosts, limits }, answer, more);
    const response = await gateway.fetch(post(url, tenBytes));
    expect(response.status).toBe(429);
    expect(errorOf(response)).toMatchObject({ code: "egress_budget", reason });
    expect(sent).toHaveLength(0);
    expect(gateway.exhausted).toBe(reason);
    expect(gateway.drain()).toMatchObject([{ action: "deny", reason, bytes_out: 0 }]);
  });
});

test("a bound that is just kept lets the request pass", async () => {
  const { gateway } = recordGateway(
    { ...threeHosts, limits: { requests: 1, bytes_in: 10, bytes_out: 10, seconds: 1 } },
    answer,
    { limits: { requests: 1, bytes: 20 } },
  );
  const response = await gateway.fetch(post(url, "0123456789"));
  expect(textOf(response)).toBe("0123456789");
  expect(gateway.exhausted).toBeNull();
  expect(gateway.used).toMatchObject({ requests: 1, bytes_in: 10, bytes_out: 10 });
});

test.each([
  ["the task's bytes", {}, 9, "budget_bytes"],
  ["the policy's received bytes", { bytes_in: 9 }, 100, "policy_bytes_in"],
])("an answer over %s is withheld whole", async (_, limits, bytes, reason) => {
  const { gateway } = recordGateway({ ...threeHosts, limits }, answer, {
    limits: { requests: 9, bytes },
  });
  const response = await gateway.fetch(get(url));
  expect(errorOf(response)).toMatchObject({ code: "egress_budget", reason });
  expect(textOf(response)).not.toContain("0123");
  expect(gateway.drain()).toMatchObject([{ action: "allow", reason, status: 200, bytes_in: 10 }]);
});

test("requests at the same time cannot pass a bound together", async () => {
  const { gateway, sent } = recordGateway(threeHosts, answer, {
    limits: { requests: 2, bytes: 1_000 },
  });
  const all = await Promise.all(Array.from({ length: 8 }, () => gateway.fetch(get(url))));
  expect(sent).toHaveLength(2);
  expect(all.map((one) => one.status).sort()).toEqual([200, 200, 429, 429, 429, 429, 429, 429]);
});

test("an endless answer is broken off at its limit", async () => {
  let chunks = 0;
  const { gateway } = recordGateway(
    threeHosts,
    () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            chunks += 1;
            controller.enqueue(new Uint8Array(1_000_000));
          },
        }),
      ),
  );
  const response = await gateway.fetch(get(url));
  expect(errorOf(response).reason).toBe("response_too_large");
  expect(chunks).toBeLessThan(egressLimits.responseBytesMax / 1_000_000 + 5);
});

test.each([
  ["URL", get(`${url}?${"x".repeat(egressLimits.urlCharsMax)}`)],
  ["header", get(url, [["x-note", "x".repeat(egressLimits.headerBytesMax)]])],
  [
    "list of headers",
    get(
      url,
      Array.from({ length: 101 }, () => ["x-note", "x"]),
    ),
  ],
  ["body", { ...post(url, ""), body: new Uint8Array(egressLimits.requestBytesMax + 1) }],
])("a %s over its limit is refused", async (_, request) => {
  const { gateway, sent } = recordGateway(threeHosts, answer);
  expect(errorOf(await gateway.fetch(request)).reason).toBe("too_large");
  expect(sent).toHaveLength(0);
});

test("GET with a body is refused", async () => {
  const { gateway } = recordGateway(threeHosts, answer);
  const response = await gateway.fetch({ ...post(url, "x"), method: "GET" });
  expect(errorOf(response).reason).toBe("body");
});

describe("an answer that states a small length", () => {
  const stated =
    (body: string, length = body.length) =>
    () =>
      new Response(body, { headers: { "content-length": String(length) } });

  test("is counted and handed on", async () => {
    const { gateway } = recordGateway(threeHosts, stated("0123456789"));
    expect(textOf(await gateway.fetch(get(url)))).toBe("0123456789");
    expect(gateway.used).toMatchObject({ requests: 1, bytes_in: 10 });
    expect(gateway.drain()).toMatchObject([{ bytes_in: 10, reason: "rule" }]);
  });

  test.each([
    ["the task's bytes", {}, 9, "budget_bytes"],
    ["the policy's received bytes", { bytes_in: 9 }, 100, "policy_bytes_in"],
  ])("is withheld over %s, whatever it states", async (_, limits, bytes, reason) => {
    const more = { limits: { requests: 9, bytes } };
    const { gateway } = recordGateway({ ...threeHosts, limits }, stated("0123456789", 1), more);
    const response = await gateway.fetch(get(url));
    expect(errorOf(response).reason).toBe(reason);
    expect(textOf(response)).not.toContain("0123");
  });

  test("is given up at the policy's seconds when it does not come", async () => {
    const stuck = () =>
      new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), {
        headers: { "content-length": "10" },
      });
    const more = { used: { ...unused, ms: 990 } };
    const { gateway } = recordGateway({ ...threeHosts, limits: { seconds: 1 } }, stuck, more);
    expect(errorOf(await gateway.fetch(get(url))).reason).toBe("timeout");
  });

  test("is scrubbed, and is the same bytes where nothing is to be removed", async () => {
    const keyed = "https://api.example.com/v1/";
    const body = `a ${secrets.TOKEN} b`;
    const { gateway } = recordGateway(threeHosts, stated(body));
    expect(textOf(await gateway.fetch(get(keyed)))).toBe("a [redacted] b");
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const binary = recordGateway(
      threeHosts,
      () => new Response(bytes, { headers: { "content-length": "256" } }),
    );
    expect((await binary.gateway.fetch(get(keyed))).body).toEqual(bytes);
  });
});
