import { expect, test } from "vitest";
import { errorOf, get, recordGateway, secrets, textOf, threeHosts } from "../recorded_gateway.ts";

const url = "https://api.example.com/v1/";
const neverAnswer = () => new Promise<Response>(() => {});

test("an upstream error is reported without the upstream's text", async () => {
  const { gateway } = recordGateway(threeHosts, () => {
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

test("a response whose body breaks off is an error", async () => {
  const { gateway } = recordGateway(
    threeHosts,
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

test("a request to an upstream that never answers times out after the policy's seconds", async () => {
  const { gateway } = recordGateway({ ...threeHosts, limits: { seconds: 1 } }, neverAnswer, {
    used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 990 },
  });
  const response = await gateway.fetch(get(url));
  expect(errorOf(response)).toMatchObject({ code: "upstream_failed", reason: "timeout" });
  // Only ten milliseconds of the limit were left.
  expect(gateway.drain()[0]?.duration_ms).toBeLessThan(1_000);
});

test("a response body that never ends times out after the policy's seconds", async () => {
  const { gateway } = recordGateway(
    { ...threeHosts, limits: { seconds: 1 } },
    () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
    { used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 990 } },
  );
  expect(errorOf(await gateway.fetch(get(url))).reason).toBe("timeout");
});

test("the task's signal aborts a request in flight", async () => {
  const controller = new AbortController();
  const { gateway } = recordGateway(
    threeHosts,
    () => {
      controller.abort();
      return neverAnswer();
    },
    { signal: controller.signal },
  );
  expect(errorOf(await gateway.fetch(get(url))).reason).toBe("aborted");
});

test("no request is sent after the task's signal aborted", async () => {
  const { gateway, sent } = recordGateway(threeHosts, neverAnswer, { signal: AbortSignal.abort() });
  expect(errorOf(await gateway.fetch(get(url))).reason).toBe("aborted");
  expect(sent).toHaveLength(0);
});

// The runtime decodes only exact spellings; other encodings arrive undecoded and cannot be scrubbed.
test.each(["zstd", "deflate", "gzip, gzip", "x-own", "GZIP", "Br", "x-gzip"])(
  "a response with the encoding %s is rejected, because it cannot be scrubbed",
  async (encoding) => {
    const { gateway } = recordGateway(
      threeHosts,
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
  ["501 headers", Array.from({ length: 501 }, (_, n) => [`x-${n}`, ""])],
] as const)("a response with %s is rejected", async (_, headers) => {
  const { gateway } = recordGateway(
    threeHosts,
    () => new Response("body", { headers: headers.map(([name, value]) => [name, value]) }),
  );
  const response = await gateway.fetch(get(url));
  expect(errorOf(response).reason).toBe("response_too_large");
  expect(response.headers).toEqual([["content-type", "application/json"]]);
  expect(gateway.drain()).toMatchObject([{ reason: "response_too_large", status: 200 }]);
});
