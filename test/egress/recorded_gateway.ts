/** A gateway whose upstream is a function, and the requests that reached it. */
import { createGateway, type Gateway, type GatewayOptions } from "../../consumer/egress/gateway.ts";
import type { GuestRequest, GuestResponse } from "../../consumer/sandbox/engine.ts";
import { readPolicy } from "../../policies/policy.ts";
import type { Policy } from "../../policies/schema.ts";
import { ok } from "../../shared/result.ts";
import type { EgressRow } from "../../shared/store/egress/egress_log.ts";

export interface SentRequest {
  url: string;
  method: string;
  headers: Headers;
  body: string;
  redirect: string;
}

export interface RecordedGateway {
  gateway: Gateway;
  sent: SentRequest[];
  logged: EgressRow[];
}

export type Upstream = (sent: SentRequest) => Response | Promise<Response>;

/** Throws when the policy file is invalid. */
export function parseValidPolicy(value: unknown): Policy {
  const parsed = readPolicy(value);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value.policy;
}

/** The options allow everything unless a test narrows them. */
export function recordGateway(
  policy: unknown,
  upstream: Upstream,
  overrides: Partial<GatewayOptions> = {},
): RecordedGateway {
  const sent: SentRequest[] = [];
  const logged: EgressRow[] = [];
  const gateway = createGateway({
    policyName: "under_test",
    policy: ok({ policy: parseValidPolicy(policy) }),
    mode: "deployed",
    secretOf: (name) => secrets[name],
    hosts: new Map(),
    routes: {},
    limits: { requests: 100, bytes: 100_000_000 },
    used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 },
    signal: new AbortController().signal,
    announce: async () => "go",
    log: (row) => logged.push(row),
    send: async (url, init) => {
      const request: SentRequest = {
        url,
        method: init.method ?? "GET",
        headers: new Headers(init.headers),
        body: init.body === null ? "" : await new Response(init.body).text(),
        redirect: init.redirect ?? "follow",
      };
      sent.push(request);
      return upstream(request);
    },
    ...overrides,
  });
  return { gateway, sent, logged };
}

export const secrets: Readonly<Record<string, string | undefined>> = {
  TOKEN: "s3cret/token+with=odd chars",
  OTHER: "other-secret-value",
  EMPTY: "",
  BROKEN: "line\nbreak",
};

export const get = (url: string, headers: [string, string][] = []): GuestRequest => ({
  url,
  method: "GET",
  headers,
  body: null,
});

export const post = (url: string, body: string): GuestRequest => ({
  url,
  method: "POST",
  headers: [["content-type", "text/plain"]],
  body: new TextEncoder().encode(body),
});

export const textOf = (response: GuestResponse): string => new TextDecoder().decode(response.body);

/** The error of an egress error response. */
export function errorOf(response: GuestResponse): Record<string, unknown> {
  return (JSON.parse(textOf(response)) as { error: Record<string, unknown> }).error;
}

/** The policy of most tests: two hosts with a credential, one without. */
export const threeHosts = {
  rules: [
    {
      host: "api.example.com",
      path_prefix: "/v1/",
      inject: { header: "authorization", secret: "TOKEN", prefix: "Bearer " },
    },
    { host: "open.example.com", schemes: ["https", "http"] },
    { host: "keyed.example.com", inject: { header: "x-service-key", secret: "OTHER" } },
  ],
};
