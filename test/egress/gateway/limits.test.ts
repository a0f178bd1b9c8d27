import { describe, expect, test } from "vitest";
import type { GuestRequest } from "../../../consumer/sandbox/engine.ts";
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
const upstream = () => new Response("0123456789");

describe("a request is rejected before it is sent when a limit is used up", () => {
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
  ])("%s", async (_, limits, overrides, reason) => {
    const { gateway, sent } = recordGateway({ ...threeHosts, limits }, upstream, overrides);
    const response = await gateway.fetch(post(url, tenBytes));
    expect(response.status).toBe(429);
    expect(errorOf(response)).toMatchObject({ code: "egress_budget", reason });
    expect(sent).toHaveLength(0);
    expect(gateway.exhausted).toBe(reason);
    expect(gateway.drain()).toMatchObject([{ action: "deny", reason, bytes_out: 0 }]);
  });
});

test("a request that exactly fits the limits passes", async () => {
  const { gateway } = recordGateway(
    { ...threeHosts, limits: { requests: 1, bytes_in: 10, bytes_out: 10, seconds: 1 } },
    upstream,
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
])("a response over %s is withheld completely", async (_, limits, bytes, reason) => {
  const { gateway } = recordGateway({ ...threeHosts, limits }, upstream, {
    limits: { requests: 9, bytes },
  });
  const response = await gateway.fetch(get(url));
  expect(errorOf(response)).toMatchObject({ code: "egress_budget", reason });
  expect(textOf(response)).not.toContain("0123");
  expect(gateway.drain()).toMatchObject([{ action: "allow", reason, status: 200, bytes_in: 10 }]);
});

test("concurrent requests cannot exceed a limit together", async () => {
  const { gateway, sent } = recordGateway(threeHosts, upstream, {
    limits: { requests: 2, bytes: 1_000 },
  });
  const results = await Promise.all(Array.from({ length: 8 }, () => gateway.fetch(get(url))));
  expect(sent).toHaveLength(2);
  expect(results.map((each) => each.status).sort()).toEqual([
    200, 200, 429, 429, 429, 429, 429, 429,
  ]);
});

test("an endless response is broken off at its limit", async () => {
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

/** Requests whose measure is exactly `n`. */
const requestsOf = {
  urlCharsMax: (n) => get(url.padEnd(n, "x")),
  headersMax: (n) =>
    get(
      url,
      Array.from({ length: n }, (_, index) => [`x-${index}`, "x"]),
    ),
  headerBytesMax: (n) => get(url, [["x-note", "x".repeat(n - "x-note".length)]]),
  requestBytesMax: (n) => ({ ...post(url, ""), headers: [], body: new Uint8Array(n) }),
} as const satisfies Record<string, (n: number) => GuestRequest>;

describe.each(["urlCharsMax", "headersMax", "headerBytesMax", "requestBytesMax"] as const)(
  "a request at the limit %s",
  (name) => {
    test.each([
      [0, null],
      [1, "too_large"],
    ])("plus %i", async (excess, reason) => {
      const { gateway, sent } = recordGateway(threeHosts, upstream);
      const response = await gateway.fetch(requestsOf[name](egressLimits[name] + excess));
      expect(reason === null ? response.status : errorOf(response).reason).toBe(reason ?? 200);
      expect(sent).toHaveLength(1 - excess);
    });
  },
);

const { responseBytesMax, responseHeadersMax, responseHeaderBytesMax } = egressLimits;
const smallLength = { "content-length": "1" };

describe.each<[string, number, (n: number) => Response]>([
  ["a streamed body", responseBytesMax, (n) => new Response(new Uint8Array(n))],
  [
    "a body that is read at once",
    responseBytesMax,
    (n) => new Response(new Uint8Array(n), { headers: smallLength }),
  ],
  [
    "the number of headers",
    responseHeadersMax,
    (n) =>
      new Response(null, { headers: Array.from({ length: n }, (_, index) => [`x-${index}`, ""]) }),
  ],
  [
    "the bytes of headers",
    responseHeaderBytesMax,
    (n) => new Response(null, { headers: [["x-note", "x".repeat(n - "x-note".length)]] }),
  ],
])("a response at the limit for %s", (_, limit, respond) => {
  test.each([
    [0, null],
    [1, "response_too_large"],
  ])("plus %i", async (excess, reason) => {
    const { gateway } = recordGateway(threeHosts, () => respond(limit + excess));
    const response = await gateway.fetch(get(url));
    expect(reason === null ? response.status : errorOf(response).reason).toBe(reason ?? 200);
  });
});

describe("a body is read at once only if its size is known and small", () => {
  const routed = { rules: [{ host: "open.example.com", route: "INNER" }] };
  const { bufferedBytesMax } = egressLimits;
  test.each([
    ["an upstream states a small content-length", threeHosts, bufferedBytesMax, "", true],
    ["an upstream states one byte more", threeHosts, bufferedBytesMax + 1, "", false],
    ["the body is encoded", threeHosts, 10, "gzip", false],
    ["a bound service states a small content-length", routed, 10, "", false],
  ])("when %s", async (_, policy, length, encoding, isBuffered) => {
    let buffered = false;
    const respond = () => {
      const headers = { "content-length": `${length}`, "content-encoding": encoding };
      const response = new Response("x", {
        headers: encoding === "" ? { "content-length": `${length}` } : headers,
      });
      response.arrayBuffer = async () => {
        buffered = true;
        return new ArrayBuffer(1);
      };
      return response;
    };
    const routes = { INNER: { fetch: async () => respond() } };
    const { gateway } = recordGateway(policy, respond, { routes });
    await gateway.fetch(get(url));
    expect(buffered).toBe(isBuffered);
  });

  test("a bound service with a false content-length is stopped at the task's limit", async () => {
    let bytes = 0;
    const body = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          bytes += 1_000;
          if (bytes > 1_000_000) controller.close();
          else controller.enqueue(new Uint8Array(1_000));
        },
      });
    const respond = async () => new Response(body(), { headers: { "content-length": "10" } });
    const { gateway } = recordGateway(routed, upstream, {
      routes: { INNER: { fetch: respond } },
      limits: { requests: 1, bytes: 10_000 },
    });
    expect(errorOf(await gateway.fetch(get(url))).reason).toBe("budget_bytes");
    expect(bytes).toBeLessThan(20_000);
  });
});

test("a GET with a body is denied", async () => {
  const { gateway } = recordGateway(threeHosts, upstream);
  const response = await gateway.fetch({ ...post(url, "x"), method: "GET" });
  expect(errorOf(response).reason).toBe("body");
});

describe("a response with a small content-length", () => {
  const withLength =
    (body: string, length = body.length) =>
    () =>
      new Response(body, { headers: { "content-length": String(length) } });

  test("is counted and passed on", async () => {
    const { gateway } = recordGateway(threeHosts, withLength("0123456789"));
    expect(textOf(await gateway.fetch(get(url)))).toBe("0123456789");
    expect(gateway.used).toMatchObject({ requests: 1, bytes_in: 10 });
    expect(gateway.drain()).toMatchObject([{ bytes_in: 10, reason: "rule" }]);
  });

  test.each([
    ["the task's bytes", {}, 9, "budget_bytes"],
    ["the policy's received bytes", { bytes_in: 9 }, 100, "policy_bytes_in"],
  ])("is withheld over %s, whatever its content-length", async (_, limits, bytes, reason) => {
    const options = { limits: { requests: 9, bytes } };
    const { gateway } = recordGateway(
      { ...threeHosts, limits },
      withLength("0123456789", 1),
      options,
    );
    const response = await gateway.fetch(get(url));
    expect(errorOf(response).reason).toBe(reason);
    expect(textOf(response)).not.toContain("0123");
  });

  test("times out after the policy's seconds when its body does not arrive", async () => {
    const stuck = () =>
      new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), {
        headers: { "content-length": "10" },
      });
    const options = { used: { ...unused, ms: 990 } };
    const { gateway } = recordGateway({ ...threeHosts, limits: { seconds: 1 } }, stuck, options);
    expect(errorOf(await gateway.fetch(get(url))).reason).toBe("timeout");
  });

  test("is scrubbed, and is unchanged when there is nothing to remove", async () => {
    const keyed = "https://api.example.com/v1/";
    const body = `a ${secrets.TOKEN} b`;
    const { gateway } = recordGateway(threeHosts, withLength(body));
    expect(textOf(await gateway.fetch(get(keyed)))).toBe("a [redacted] b");
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const binary = recordGateway(
      threeHosts,
      () => new Response(bytes, { headers: { "content-length": "256" } }),
    );
    expect((await binary.gateway.fetch(get(keyed))).body).toEqual(bytes);
  });
});
