/**
 * The egress gateway of one slice: the only way from a sandbox or a tool to the network.
 * Whatever is missing, broken or unknown denies.
 */
import { compile } from "../../policies/decide.ts";
import type { FleetMode, PolicyDenial } from "../../policies/index.ts";
import { secretsOf } from "../../policies/policy.ts";
import type { Policy } from "../../policies/schema.ts";
import type { Hosts } from "../../shared/local_hosts.ts";
import type { EgressRow } from "../../shared/store/egress_log.ts";
import type { GuestRequest, GuestResponse } from "../sandbox/engine.ts";
import { joined, streamOf } from "./body.ts";
import { Budget, type EgressUse, type TaskEgressLimits } from "./budget.ts";
import {
  type EgressRequest,
  forward,
  type GatewayState,
  type Send,
  type Transport,
} from "./forward.ts";
import { DecisionJournal } from "./journal.ts";
import type { BudgetReason } from "./reason.ts";
import { followRedirects } from "./redirects.ts";
import { Scrubber } from "./scrub.ts";

export interface GatewayOptions {
  policyName: string;
  /** The policy that the task is pinned to, or why it has none: then everything is denied. */
  policy: { ok: true; policy: Policy } | { ok: false; reason: PolicyDenial };
  mode: FleetMode;
  /** A secret's value by its name in the policy; undefined or empty where it is not set. */
  secretOf: (name: string) => string | undefined;
  /** FLEET_HOSTS as `parseHosts` read it; empty when deployed. */
  hosts: Hosts;
  /** Service bindings by name, for rules with `route`. */
  routes: Readonly<Record<string, Pick<Fetcher, "fetch">>>;
  limits: TaskEgressLimits;
  /** What the task has used before this gateway was made. */
  used: EgressUse;
  /** Aborts every request in flight. */
  signal: AbortSignal;
  /**
   * Called before each request that is neither GET nor HEAD, with its row as it stands.
   * "stop" denies the request; so does a rejection.
   */
  beforeSend: (row: EgressRow) => Promise<"go" | "stop">;
  /** Called once for each finished decision, with its row without the query. */
  log: (row: EgressRow) => void;
  send: Send;
}

/** No method rejects: a refusal is a 403, 429 or 502 with a JSON body. */
export interface Gateway {
  /** One request, one decision; a redirect is handed back as it is. */
  fetch(request: GuestRequest): Promise<GuestResponse>;
  /** The same for a call that its tool's operator says has no effect: it needs no permission before it is sent. */
  fetchEffectFree(request: GuestRequest): Promise<GuestResponse>;
  /** As `fetch`, following redirects as fetch does; every hop is a request and a decision of its own. */
  follow(request: GuestRequest): Promise<GuestResponse>;
  /**
   * A GET that something else carries out, such as a browser: decided, counted, logged and scrubbed like
   * any other. `send` gets the decided URL, and expressions of those that are permitted at its origin; a
   * rule that injects a credential is refused.
   */
  fetchBy(url: string, send: Transport): Promise<GuestResponse>;
  /** As `fetch`, with streaming bodies. The answer's body errors where a bound breaks it off. */
  stream(request: Request): Promise<Response>;
  /** The decisions since the last call, for the step's write; rows of requests in flight as they stand. */
  drain(): EgressRow[];
  /** The task's totals, those before this gateway included. */
  readonly used: Readonly<EgressUse>;
  /** The first bound that refused a request or an answer, or null. */
  readonly exhausted: BudgetReason | null;
}

export function createGateway(options: GatewayOptions): Gateway {
  const passage = openPassage(options);
  // A guest's request is its four fields and nothing that it may have added.
  const fetchWhole = ({ url, method, headers, body }: GuestRequest) =>
    whole(passage, { url, method, headers, body });
  return {
    fetch: fetchWhole,
    fetchEffectFree: (request) => whole(passage, { ...request, harmless: true }),
    follow: (request) => followRedirects(fetchWhole, request),
    fetchBy: (url, send) =>
      whole(passage, { url, method: "GET", headers: [], body: null, carrier: send }),
    stream: (request) => streamed(passage, request),
    drain: () => passage.journal.drain(),
    get used() {
      return passage.budget.used;
    },
    get exhausted() {
      return passage.budget.exhausted;
    },
  };
}

function openPassage(options: GatewayOptions): GatewayState {
  const closed = denialOf(options);
  const policy = options.policy.ok ? options.policy.policy : null;
  const compiled = policy === null ? null : compile(policy);
  const secrets = new Map<string, string>();
  for (const name of policy === null ? [] : secretsOf(policy)) {
    const value = options.secretOf(name);
    if (value !== undefined && value !== "") secrets.set(name, value);
  }
  const scrubber = new Scrubber([...secrets.values()]);
  return {
    policyName: options.policyName,
    policy,
    compiled,
    closed,
    mode: options.mode,
    secrets,
    hosts: options.hosts,
    routes: options.routes,
    scrubber,
    budget: new Budget(options.limits, compiled?.limits ?? {}, options.used),
    journal: new DecisionJournal(options.policyName, scrubber, options.log),
    signal: options.signal,
    beforeSend: options.beforeSend,
    send: options.send,
  };
}

/** What is for local runs alone closes a deployed gateway. */
function denialOf({ policy, mode, hosts }: GatewayOptions): PolicyDenial | null {
  if (!policy.ok) return policy.reason;
  const local = policy.policy.local_development === true || hosts.size > 0;
  return mode === "deployed" && local ? "local_only" : null;
}

async function whole(
  passage: GatewayState,
  request: GuestRequest & Pick<EgressRequest, "carrier" | "harmless">,
): Promise<GuestResponse> {
  // Programs pass an empty body where they mean none.
  const body = request.body?.byteLength === 0 ? null : request.body;
  const forwarded = await forward(passage, { ...request, body });
  if (!forwarded.ok) return forwarded.refusal;
  const { url, status, statusText, headers, chunks } = forwarded.answer;
  const parts: Uint8Array[] = [];
  for (;;) {
    const next = await chunks.next();
    if (!next.done) parts.push(next.value);
    else if (next.value !== null) return forwarded.refuse(next.value);
    else return { url, status, statusText, headers, body: joined(parts) };
  }
}

/** Statuses whose answers cannot have a body. */
const nullBodyStatuses: readonly number[] = [204, 205, 304];

async function streamed(passage: GatewayState, request: Request): Promise<Response> {
  const forwarded = await forward(passage, {
    url: request.url,
    method: request.method,
    headers: [...request.headers],
    body: request.body,
  });
  if (!forwarded.ok) {
    const { body, status, headers } = forwarded.refusal;
    return new Response(body, { status, headers });
  }
  const { status, statusText, headers, chunks, stop } = forwarded.answer;
  if (!nullBodyStatuses.includes(status)) {
    return new Response(streamOf(chunks, stop), { status, statusText, headers });
  }
  await chunks.next();
  return new Response(null, { status, statusText, headers });
}
