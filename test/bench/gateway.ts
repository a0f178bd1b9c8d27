/** A Worker that fetches one upstream, directly or through the gateway. */
import { createGateway } from "../../consumer/egress/gateway.ts";
import { readPolicy } from "../../policies/policy.ts";

const host = "bench.example";
const policy = readPolicy({
  rules: [
    // In real policies the first rule rarely matches.
    ...Array.from({ length: 20 }, (_, n) => ({ host: `other-${n}.example` })),
    { host, path_prefix: "/v1/", inject: { header: "authorization", secret: "TOKEN" } },
  ],
});

/** `/direct` or `/gateway`: sends `?n=` requests to `?upstream=` one after the other and reads each body. */
export default {
  async fetch(request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const upstream = new URL(searchParams.get("upstream") ?? "");
    const times = Number(searchParams.get("n"));
    const bytes =
      pathname === "/direct"
        ? await fetchDirectly(upstream, times)
        : await fetchThroughGateway(upstream, times);
    return Response.json({ bytes });
  },
} satisfies ExportedHandler;

async function fetchDirectly(upstream: URL, times: number): Promise<number> {
  let bytes = 0;
  for (let n = 0; n < times; n++) {
    const response = await fetch(`${upstream.origin}/v1/orders?page=${n}`, { redirect: "manual" });
    bytes += (await response.arrayBuffer()).byteLength;
  }
  return bytes;
}

async function fetchThroughGateway(upstream: URL, times: number): Promise<number> {
  if (!policy.ok) throw new Error("the policy is valid");
  const gateway = createGateway({
    policyName: "bench",
    policy,
    mode: "local",
    secretOf: () => "a-secret-of-the-usual-length-0123456789",
    hosts: new Map([[host, upstream]]),
    routes: {},
    limits: { requests: times, bytes: 1_000_000_000 },
    used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 },
    signal: new AbortController().signal,
    announce: async () => "go",
    // The log is written with the steps, so its cost is not part of a request.
    log: () => {},
    send: (url, init) => fetch(url, init),
  });
  let bytes = 0;
  for (let n = 0; n < times; n++) {
    const url = `https://${host}/v1/orders?page=${n}`;
    const response = await gateway.fetch({ url, method: "GET", headers: [], body: null });
    if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
    bytes += response.body.byteLength;
  }
  return bytes;
}
