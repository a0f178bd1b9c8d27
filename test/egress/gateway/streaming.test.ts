import { expect, test } from "vitest";
import { egressLimits } from "../../../shared/limits.ts";
import { recordGateway, secrets, threeHosts } from "../recorded_gateway.ts";

const url = "https://api.example.com/v1/";
const bytes = (text: string) => new TextEncoder().encode(text);

test("chunks are passed on before the response ends, without a secret that spans two of them", async () => {
  const secret = secrets.TOKEN ?? "";
  let sendText: (text: string) => void = () => {};
  let end: () => void = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      sendText = (text) => controller.enqueue(bytes(text));
      end = () => controller.close();
    },
  });
  const { gateway } = recordGateway(threeHosts, () => new Response(body));
  const response = await gateway.fetchStreaming(new Request(url));
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  sendText(`${"x".repeat(1_000)}${secret.slice(0, 9)}`);
  const first = await reader?.read();
  expect(first?.value?.startsWith("xxx")).toBe(true);
  expect(first?.value).not.toContain(secret.slice(0, 9));
  sendText(`${secret.slice(9)}tail`);
  end();
  let rest = "";
  for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
    rest += next.value;
  }
  expect((first?.value ?? "") + rest).toBe(`${"x".repeat(1_000)}[redacted]tail`);
  expect(gateway.drain()).toMatchObject([{ status: 200, bytes_in: 1_004 + secret.length }]);
});

test("an egress error is a normal response", async () => {
  const { gateway } = recordGateway(threeHosts, () => new Response());
  const response = await gateway.fetchStreaming(new Request("https://evil.example/"));
  expect(response.status).toBe(403);
  expect(await response.json()).toMatchObject({ error: { reason: "no_rule" } });
});

test("a redirect and a status without a body are returned", async () => {
  const { gateway, sent } = recordGateway(threeHosts, ({ url }) =>
    url.endsWith("empty")
      ? new Response(null, { status: 204 })
      : new Response(null, { status: 302, headers: { location: "/v1/empty" } }),
  );
  const moved = await gateway.fetchStreaming(new Request(url));
  expect(moved.status).toBe(302);
  expect(sent[0]?.redirect).toBe("manual");
  expect((await gateway.fetchStreaming(new Request(`${url}empty`))).status).toBe(204);
  expect(gateway.drain()).toMatchObject([{ reason: "rule" }, { reason: "rule" }]);
});

test("a response over its limit breaks off", async () => {
  const { gateway } = recordGateway(
    { ...threeHosts, limits: { bytes_in: 5 } },
    () => new Response("0123456789"),
  );
  const response = await gateway.fetchStreaming(new Request(url));
  await expect(response.text()).rejects.toThrow("policy_bytes_in");
  expect(gateway.exhausted).toBe("policy_bytes_in");
});

test("cancelling a response ends the request", async () => {
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bytes("x".repeat(10_000)));
    },
    cancel() {
      cancelled = true;
    },
  });
  const { gateway, logged } = recordGateway(threeHosts, () => new Response(endless));
  const response = await gateway.fetchStreaming(new Request(url));
  await response.body?.cancel();
  expect(cancelled).toBe(true);
  expect(logged).toMatchObject([{ reason: "aborted" }]);
});

test("a sent stream is counted and broken off at its limit", async () => {
  const stream = (chunks: number) => {
    let remaining = chunks;
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        remaining -= 1;
        if (remaining < 0) controller.close();
        else controller.enqueue(new Uint8Array(1_000_000));
      },
    });
  };
  const { gateway, sent } = recordGateway(threeHosts, () => new Response("ok"));
  const fitting = egressLimits.requestBytesMax / 1_000_000;
  for (const chunks of [2, fitting]) {
    const request = new Request(url, { method: "POST", body: stream(chunks) });
    expect(await (await gateway.fetchStreaming(request)).text()).toBe("ok");
  }
  const large = await gateway.fetchStreaming(
    new Request(url, { method: "POST", body: stream(50) }),
  );
  expect(await large.json()).toMatchObject({ error: { reason: "too_large" } });
  expect(sent).toHaveLength(2);
  const [small, atLimit, over] = gateway.drain();
  expect([small?.bytes_out, atLimit?.bytes_out]).toEqual([2_000_000, egressLimits.requestBytesMax]);
  expect(over?.bytes_out).toBeLessThanOrEqual(egressLimits.requestBytesMax);
});
