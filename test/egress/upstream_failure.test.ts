import { expect, test } from "vitest";
import { errorOf, get, recorded, secrets, textOf, twoHosts } from "./recorded_gateway.ts";

const url = "https://api.example.com/v1/";
const never = () => new Promise<Response>(() => {});

test("an error of the upstream is told in the gateway's words alone", async () => {
  const { gateway } = recorded(twoHosts, () => {
    throw new Error(`connect failed with ${secrets.TOKEN}`);
  });
  const response = await gateway.fetch(get(url));
  expect(response.status).toBe(502);
  expect(errorOf(response)).toMatchObject({ code: "upstream_failed", reason: "unreachable" });
  expect(textOf(response)).not.toContain("connect failed");
  expect(gateway.drain()).toMatchObject([
    { action: "inject", reason: "unreachable", status: null },
  ]);
});

test("a body that breaks is no answer", async () => {
  const { gateway } = recorded(
    twoHosts,
    () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode("half"));
          },
          pull(controller) {
            controller.error(new Error("reset"));
          },
        }),
      ),
  );
  const response = await gateway.fetch(get(url));
  expect(errorOf(response).reason).toBe("unreachable");
  expect(textOf(response)).not.toContain("half");
});

test("an upstream that never answers is given up at the policy's seconds", async () => {
  const { gateway } = recorded({ ...twoHosts, limits: { seconds: 1 } }, never, {
    used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 990 },
  });
  const response = await gateway.fetch(get(url));
  expect(errorOf(response)).toMatchObject({ code: "upstream_failed", reason: "timeout" });
  // Ten milliseconds were left.
  expect(gateway.drain()[0]?.duration_ms).toBeLessThan(1_000);
});

test("a body that never ends is given up at the policy's seconds", async () => {
  const { gateway } = recorded(
    { ...twoHosts, limits: { seconds: 1 } },
    () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
    { used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 990 } },
  );
  expect(errorOf(await gateway.fetch(get(url))).reason).toBe("timeout");
});

test("the task's signal ends a request in flight", async () => {
  const controller = new AbortController();
  const { gateway } = recorded(
    twoHosts,
    () => {
      controller.abort();
      return never();
    },
    { signal: controller.signal },
  );
  expect(errorOf(await gateway.fetch(get(url))).reason).toBe("aborted");
});

test("after the task's signal nothing is sent", async () => {
  const { gateway, sent } = recorded(twoHosts, never, { signal: AbortSignal.abort() });
  expect(errorOf(await gateway.fetch(get(url))).reason).toBe("aborted");
  expect(sent).toHaveLength(0);
});

// The runtime decodes what is spelt exactly so; what it passes on as it came, nobody has read.
test.each(["zstd", "deflate", "gzip, gzip", "x-own", "GZIP", "Br", "x-gzip"])(
  "an answer in the encoding %s, which cannot be scrubbed, is not passed on",
  async (encoding) => {
    const { gateway } = recorded(
      twoHosts,
      () =>
        new Response("opaque", { headers: { "content-encoding": encoding }, encodeBody: "manual" }),
    );
    const response = await gateway.fetch(get(url));
    expect(errorOf(response).reason).toBe("encoding");
    expect(textOf(response)).not.toContain("opaque");
  },
);

test.each([
  ["one header of 10 MB", [["x-long", "y".repeat(10_000_000)]]],
  ["ten thousand headers", Array.from({ length: 10_000 }, (_, n) => [`x-${n}`, "y".repeat(1_000)])],
  ["more headers than a person reads", Array.from({ length: 501 }, (_, n) => [`x-${n}`, ""])],
] as const)("an answer with %s is not passed on", async (_, headers) => {
  const { gateway } = recorded(
    twoHosts,
    () => new Response("body", { headers: headers.map(([name, value]) => [name, value]) }),
  );
  const response = await gateway.fetch(get(url));
  expect(errorOf(response).reason).toBe("response_too_large");
  expect(response.headers).toEqual([["content-type", "application/json"]]);
  expect(gateway.drain()).toMatchObject([{ reason: "response_too_large", status: 200 }]);
});
