/** A Worker that fetches one upstream, by itself or through the gateway: what the bench compares. */
import { createGateway } from "../../consumer/egress/gateway.ts";
import { readPolicy } from "../../policies/policy.ts";

const host = "bench.example";
const policy = readPolicy({
  rules: [
    // As real tables are: the rule that matches is not the first.
    ...Array.from({ length: 20 }, (_, n) => ({ host: `other-${n}.example` })),
    { host, path_prefix: "/v1/", inject: { header: "authorization", secret: "TOKEN" } },
  ],
});

/** `/direct` or `/gateway`, `?n=` requests of `?upstream=`, one after the other, each body read whole. */
export default {
  async fetch(request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const upstream = new URL(searchParams.get("upstream") ?? "");
    const times = Number(searchParams.get("n"));
    const bytes =
      pathname === "/direct" ? await direct(upstream, times) : await gated(upstream, times);
    return Response.json({ bytes });
  },
} satisfies ExportedHandler;

async function direct(upstream: URL, times: number): Promise<number> {
  let bytes = 0;
  for (let n = 0; n < times; n++) {
    const response = await fetch(`${upstream.origin}/v1/orders?page=${n}`, { redirect: "manual" });
    bytes += (await response.arrayBuffer()).byteLength;
  }
  return bytes;
}

async function gated(upstream: URL, times: number): Promise<number> {
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
    beforeSend: async () => "go",
    // Writing the log is measured with the steps that it is written with.
    log: () => {},
    send: (url, init) => fetch(url, init),
  });
  let bytes = 0;
  for (let n = 0; n < times; n++) {
    const url = `https://${host}/v1/orders?page=${n}`;
    const response = await gateway.fetch({ url, method: "GET", headers: [], body: null });
    if (response.status !== 200) throw new Error(`answered ${response.status}`);
    bytes += response.body.byteLength;
  }
  return bytes;
}
