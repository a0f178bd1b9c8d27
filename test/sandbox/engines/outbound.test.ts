import { expect, test } from "vitest";
import type { Capabilities, GuestRequest } from "../../../consumer/sandbox/engine.ts";
import { toolsHostname } from "../../../consumer/sandbox/microvm/client.ts";
import { handleOutbound } from "../../../consumer/sandbox/microvm/outbound.ts";
import { egressLimits } from "../../../shared/limits.ts";
import { nothing } from "../running.ts";

function recorded(status = 200): { requests: GuestRequest[]; capabilities: Capabilities } {
  const requests: GuestRequest[] = [];
  return {
    requests: requests,
    capabilities: {
      async fetch(request) {
        requests.push(request);
        const body = new TextEncoder().encode("answer");
        return { url: request.url, status, statusText: "", headers: [["x-a", "1"]], body };
      },
      call: async (tool, json) => ({ ok: true, json: JSON.stringify({ tool, json }) }),
    },
  };
}

test("a request reaches the gateway unchanged, and the container gets the response", async () => {
  const { requests, capabilities } = recorded();
  const request = new Request("https://a.example/p?q=1", {
    method: "PUT",
    body: "b",
    headers: { "x-b": "2" },
  });
  const answer = await handleOutbound(request, capabilities);
  expect([answer.status, answer.headers.get("x-a"), await answer.text()]).toEqual([
    200,
    "1",
    "answer",
  ]);
  expect(requests).toMatchObject([{ url: "https://a.example/p?q=1", method: "PUT" }]);
  expect(Object.fromEntries(requests[0]?.headers ?? [])["x-b"]).toBe("2");
  expect(new TextDecoder().decode(requests[0]?.body ?? undefined)).toBe("b");
});

test("a redirect is answered, not followed: each hop comes here", async () => {
  const { capabilities } = recorded(302);
  expect((await handleOutbound(new Request("https://a.example/"), capabilities)).status).toBe(302);
});

test("a status without a body has none", async () => {
  const { capabilities } = recorded(204);
  expect((await handleOutbound(new Request("https://a.example/"), capabilities)).body).toBeNull();
});

test("the tools' host reaches the task's tools and no gateway", async () => {
  const { requests, capabilities } = recorded();
  const request = new Request(`http://${toolsHostname}/read_file`, {
    method: "POST",
    body: '{"path":"a"}',
  });
  const answer = (await (await handleOutbound(request, capabilities)).json()) as { json: string };
  expect(JSON.parse(answer.json)).toEqual({ tool: "read_file", json: '{"path":"a"}' });
  expect(requests).toEqual([]);
});

test("a request that no policy permits is refused, and so is every request while no run is active", async () => {
  expect((await handleOutbound(new Request("https://a.example/"), nothing)).status).toBe(403);
  for (const url of ["https://a.example/", `http://${toolsHostname}/read_file`]) {
    const answer = await handleOutbound(new Request(url), null);
    expect(answer.status).toBe(403);
    const { host } = new URL(url);
    expect(await answer.json()).toMatchObject({
      error: { code: "egress_denied", host, reason: "no_run" },
    });
  }
});

test("a body over the gateway's bound is refused before it is held whole", async () => {
  const { requests, capabilities } = recorded();
  const body = new Uint8Array(egressLimits.requestBytesMax + 1);
  const answer = await handleOutbound(
    new Request("https://a.example/", { method: "POST", body }),
    capabilities,
  );
  expect(answer.status).toBe(413);
  expect(requests).toEqual([]);
  const largest = body.subarray(1);
  const request = new Request("https://a.example/", { method: "POST", body: largest });
  expect((await handleOutbound(request, capabilities)).status).toBe(200);
});
