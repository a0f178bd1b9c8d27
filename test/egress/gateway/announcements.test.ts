/** Nothing leaves without a trace: what is written before a request is sent, and what it costs. */
import { expect, test } from "vitest";
import type { Announcement } from "../../../consumer/egress/announcements.ts";
import type { GatewayOptions } from "../../../consumer/egress/gateway.ts";
import type { GuestRequest } from "../../../consumer/sandbox/engine.ts";
import { errorOf, get, post, recordGateway, threeHosts } from "../recorded_gateway.ts";

const url = "https://open.example.com/";
const other = "https://keyed.example.com/";

/** A gateway with its announcements. */
function announcing(overrides: Partial<GatewayOptions> = {}, bytes = 2) {
  const announced: Announcement[] = [];
  const recorded = recordGateway(threeHosts, () => new Response("x".repeat(bytes)), {
    announce: async (announcement) => {
      announced.push(announcement);
      return "go";
    },
    ...overrides,
  });
  const fetchAll = async (requests: readonly GuestRequest[]) => {
    for (const request of requests) await recorded.gateway.fetch(request);
  };
  return { ...recorded, announced, fetchAll };
}

const put = { ...get(url), method: "PUT" };

test.each([
  ["one GET", [get(url)], 1],
  ["twenty GETs of one host", Array.from({ length: 20 }, (_, n) => get(`${url}${n}`)), 1],
  ["a GET and a HEAD of one host", [get(url), { ...get(url), method: "HEAD" }], 1],
  ["two hosts in turn", [get(url), get(other), get(url), get(other)], 2],
  ["two ports of one host", [get(url), get("http://open.example.com/")], 1],
  ["a denied request", [get("https://evil.example/"), post("https://evil.example/", "x")], 0],
  ["requests with effects", [post(url, "x"), put, { ...put, method: "DELETE" }], 3],
  ["a GET after a request with effects", [post(url, "x"), get(url)], 1],
])(
  "%s is announced in as many writes as the step has hosts and effects",
  async (_, requests, times) => {
    const { announced, fetchAll } = announcing();
    await fetchAll(requests);
    expect(announced).toHaveLength(times);
  },
);

test("a call that its operator declares as free of effects is announced once for its host", async () => {
  const { gateway, announced } = announcing();
  for (let n = 0; n < 3; n++) await gateway.fetchEffectFree(post(url, "x"));
  expect(announced.map(({ hasEffects }) => hasEffects)).toEqual([false]);
});

test("each step announces its hosts, and a step that sends nothing announces none", async () => {
  const { gateway, announced, fetchAll } = announcing();
  await fetchAll([get(url), get(url)]);
  gateway.drain();
  gateway.drain();
  await fetchAll([get(url)]);
  expect(announced).toHaveLength(2);
});

test("a request is sent after its row is written, whose outcome is unknown and whose share is charged", async () => {
  const order: unknown[] = [];
  const { gateway } = recordGateway(
    threeHosts,
    () => {
      order.push("sent");
      return new Response();
    },
    {
      limits: { requests: 100, bytes: 1_000_000 },
      announce: async ({ row, hasEffects, charge }) => {
        const { n, method, host, action, reason, status } = row;
        order.push([n, method, host, action, reason, status, hasEffects, charge]);
        return "go";
      },
    },
  );
  await gateway.fetch(get(url));
  const charge = { requests: 51, bytes_in: 375_000, bytes_out: 125_000, ms: 0 };
  expect(order).toEqual([
    [1, "GET", "open.example.com", "allow", "unknown", null, false, charge],
    "sent",
  ]);
});

test("concurrent requests to one host all wait for the one write of their step", async () => {
  const writing = Promise.withResolvers<"go">();
  let writes = 0;
  const { gateway, sent } = recordGateway(threeHosts, () => new Response(), {
    announce: () => {
      writes += 1;
      return writing.promise;
    },
  });
  const requests = Array.from({ length: 5 }, (_, n) => gateway.fetch(get(`${url}${n}`)));
  await Promise.resolve();
  expect(sent).toHaveLength(0);
  writing.resolve("go");
  await Promise.all(requests);
  expect([sent.length, writes]).toEqual([5, 1]);
});

test.each([
  ["returns stop", async () => "stop" as const],
  [
    "rejects",
    async () => {
      throw new Error("D1 is gone");
    },
  ],
])(
  "a request is not sent when its announcement %s, and the next one asks again",
  async (_, announce) => {
    let writes = 0;
    const { gateway, sent } = recordGateway(threeHosts, () => new Response(), {
      announce: () => {
        writes += 1;
        return announce();
      },
    });
    expect(errorOf(await gateway.fetch(get(url))).reason).toBe("stopped");
    expect(errorOf(await gateway.fetch(post(url, "x"))).reason).toBe("stopped");
    expect([sent.length, writes]).toEqual([0, 2]);
    expect(gateway.drain()).toMatchObject([
      { action: "deny", reason: "stopped", bytes_out: 0 },
      { action: "deny", reason: "stopped", bytes_out: 0 },
    ]);
  },
);

test("a request whose step ended while its row was written is not sent", async () => {
  const writing = Promise.withResolvers<"go">();
  const { gateway, sent } = recordGateway(threeHosts, () => new Response(), {
    announce: () => writing.promise,
  });
  const late = gateway.fetch(get(url));
  expect(gateway.drain()).toMatchObject([{ reason: "unknown", status: null }]);
  writing.resolve("go");
  expect(errorOf(await late).reason).toBe("stopped");
  expect(sent).toHaveLength(0);
});

test("the row of a request that is in flight when its step ends has an unknown outcome", async () => {
  const answer = Promise.withResolvers<Response>();
  const { gateway } = recordGateway(threeHosts, () => answer.promise);
  const flying = gateway.fetch(get(url));
  await gateway.fetch(get("https://evil.example/"));
  expect(gateway.drain()).toMatchObject([{ reason: "unknown" }, { reason: "no_rule" }]);
  answer.resolve(new Response());
  await flying;
});

test.each([
  ["requests", { requests: 40, bytes: 100_000_000 }, 40, 2, 5],
  ["received bytes", { requests: 1_000, bytes: 2_000_000 }, 20, 100_000, 6],
] as const)(
  "all %s that a host sees are charged before, in few writes",
  async (_, limits, count, bytes, writesMax) => {
    const { gateway, announced, sent, fetchAll } = announcing({ limits }, bytes);
    for (let n = 0; n < count; n++) {
      await fetchAll([get(`${url}${n}`)]);
      const { requests, bytes_in } = gateway.used;
      const charge = announced.at(-1)?.charge;
      expect(charge?.requests).toBeGreaterThanOrEqual(requests);
      expect(charge?.bytes_in).toBeGreaterThanOrEqual(Math.min(bytes_in, limits.bytes));
    }
    expect(sent.length).toBeGreaterThan(count / 2);
    expect(announced.length).toBeLessThanOrEqual(writesMax);
    expect(announced.at(-1)?.charge.requests).toBeLessThanOrEqual(limits.requests);
  },
);

test("one dead worker leaves a share of each limit, of the task and of its policy", async () => {
  const narrow = {
    ...threeHosts,
    limits: { requests: 10, bytes_in: 1000, bytes_out: 100, seconds: 60 },
  };
  const announced: Announcement[] = [];
  const { gateway } = recordGateway(narrow, () => new Response(), {
    announce: async (announcement) => {
      announced.push(announcement);
      return "go";
    },
  });
  await gateway.fetch(get(url));
  expect(announced.map(({ charge }) => charge)).toEqual([
    { requests: 6, bytes_in: 500, bytes_out: 50, ms: 30_000 },
  ]);
});

test("a worker that dies at any request leaves a budget that its successors cannot exceed", async () => {
  const limits = { requests: 30, bytes: 1_000_000 };
  let sentAll = 0;
  let used = { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 };
  for (let claim = 0; claim < 20; claim++) {
    const { announced, sent, fetchAll } = announcing({ limits, used });
    await fetchAll(Array.from({ length: 7 }, (_, n) => get(`${url}${n}`)));
    sentAll += sent.length;
    used = announced.at(-1)?.charge ?? used;
  }
  expect(sentAll).toBeGreaterThan(7);
  expect(sentAll).toBeLessThanOrEqual(limits.requests);
});
