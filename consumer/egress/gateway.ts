/**
 * The egress gateway of one slice: the only way from a sandbox or a tool to the network. Anything missing,
 * broken or unknown denies.
 */
import { compile } from "../../policies/decide.ts";
import type { FleetMode, PolicyDenial } from "../../policies/index.ts";
import { secretsOf } from "../../policies/policy.ts";
import type { Policy } from "../../policies/schema.ts";
import type { Hosts } from "../../shared/addresses/local_hosts.ts";
import type { Result } from "../../shared/result.ts";
import type { EgressUsage } from "../../shared/spend/usage.ts";
import type { EgressRow } from "../../shared/store/egress/egress_log.ts";
import type { Loan } from "../memory/byte_budget.ts";
import type { GuestRequest, GuestResponse } from "../sandbox/engine.ts";
import { type Announce, Announcements } from "./announcements.ts";
import { concatBytes, streamOf } from "./body.ts";
import { Budget, type TaskEgressLimits } from "./budget.ts";
import { DecisionJournal } from "./decision_journal.ts";
import type { BudgetReason } from "./error_reason.ts";
import {
  type EgressRequest,
  forward,
  type GatewayState,
  type Send,
  type Transport,
} from "./forward.ts";
import { followRedirects } from "./redirects.ts";
import { Scrubber } from "./scrub.ts";

export interface GatewayOptions {
  policyName: string;
  /** The policy that the task is pinned to; an error denies every request. */
  policy: Result<{ policy: Policy }, { reason: PolicyDenial }>;
  mode: FleetMode;
  /** A secret's value by its name in the policy; undefined or empty when it is not set. */
  secretOf: (name: string) => string | undefined;
  /** FLEET_HOSTS as `parseHosts` read it; empty when deployed. */
  hosts: Hosts;
  /** Service bindings by name, for rules with `route`. */
  routes: Readonly<Record<string, Pick<Fetcher, "fetch">>>;
  limits: TaskEgressLimits;
  /** What the task used before this gateway was created. */
  used: EgressUsage;
  /** Aborts every request in flight. */
  signal: AbortSignal;
  /** False while a person must approve requests other than GET and HEAD; always true where left out. */
  permitsEffects?: () => boolean;
  /** Writes the trace of a request before it is sent: see `Announcements`. */
  announce: Announce;
  /** Called once for each finished decision, with its row without the query. */
  log: (row: EgressRow) => void;
  /** Reserves memory for a response while it is read; absent for callers whose responses are always small. */
  lend?: () => Loan;
  send: Send;
}

/** No method rejects: an error is a 403, 429 or 502 response with a JSON body. */
export interface Gateway {
  /** One request, one decision; a redirect is returned as it is. */
  fetch(request: GuestRequest): Promise<GuestResponse>;
  /** For a call that the tool's operator declares as free of effects, whatever its method. */
  fetchEffectFree(request: GuestRequest): Promise<GuestResponse>;
  /** Follows redirects as the Fetch standard does; every hop is a request with its own decision. */
  fetchFollowing(request: GuestRequest): Promise<GuestResponse>;
  /**
   * A GET that something else sends, such as a browser. It is decided, counted, logged and scrubbed like any
   * other request. A rule that injects a credential or names a binding is rejected.
   */
  fetchWith(url: string, transport: Transport): Promise<GuestResponse>;
  /** As `fetch`, with streaming bodies. The response body errors when a limit breaks it off. */
  fetchStreaming(request: Request): Promise<Response>;
  /** The decisions since the last call, for the step's write. It ends the step: see `Announcements`. */
  drain(): EgressRow[];
  /** The task's totals, including those before this gateway. */
  readonly used: Readonly<EgressUsage>;
  /** The first limit that rejected a request or a response, or null. */
  readonly exhausted: BudgetReason | null;
}

export function createGateway(options: GatewayOptions): Gateway {
  const state = createState(options);
  // Only these four fields of a guest's request are used, whatever else it contains.
  const fetch = ({ url, method, headers, body }: GuestRequest) =>
    fetchWhole(state, { url, method, headers, body });
  return {
    fetch,
    fetchEffectFree: (request) => fetchWhole(state, { ...request, effectFree: true }),
    fetchFollowing: (request) => followRedirects(fetch, request),
    fetchWith: (url, transport) =>
      fetchWhole(state, { url, method: "GET", headers: [], body: null, transport }),
    fetchStreaming: (request) => fetchStream(state, request),
    drain: () => {
      state.announcements.endStep();
      return state.journal.drain();
    },
    get used() {
      return state.budget.used;
    },
    get exhausted() {
      return state.budget.exhausted;
    },
  };
}

function createState(options: GatewayOptions): GatewayState {
  const { policyName, mode, hosts, routes, signal, send } = options;
  const policy = options.policy.ok ? options.policy.value.policy : null;
  const compiledPolicy = policy === null ? null : compile(policy);
  const secrets = new Map<string, string>();
  for (const name of policy === null ? [] : secretsOf(policy)) {
    const value = options.secretOf(name);
    if (value !== undefined && value !== "") secrets.set(name, value);
  }
  const scrubber = new Scrubber([...secrets.values()]);
  const budget = new Budget(options.limits, compiledPolicy?.limits ?? {}, options.used);
  return {
    policyName,
    policy,
    compiled: compiledPolicy,
    closed: denialOf(options),
    mode,
    secrets,
    hosts,
    routes,
    scrubber,
    budget,
    announcements: new Announcements(budget, options.announce),
    permitsEffects: options.permitsEffects ?? (() => true),
    journal: new DecisionJournal(policyName, scrubber, options.log),
    signal,
    lend: options.lend ?? null,
    send,
  };
}

/** Settings for local runs close a deployed gateway. */
function denialOf({ policy, mode, hosts }: GatewayOptions): PolicyDenial | null {
  if (!policy.ok) return policy.error.reason;
  const isLocal = policy.value.policy.local_development === true || hosts.size > 0;
  return mode === "deployed" && isLocal ? "local_only" : null;
}

async function fetchWhole(
  state: GatewayState,
  request: GuestRequest & Pick<EgressRequest, "transport" | "effectFree">,
): Promise<GuestResponse> {
  // Programs pass an empty body when they mean none.
  const body = request.body?.byteLength === 0 ? null : request.body;
  const response = await forward(state, { ...request, body });
  if (!response.ok) return response.error;
  const { url, status, statusText, headers, chunks, errorFor } = response.value;
  const parts: Uint8Array[] = [];
  for (;;) {
    const next = await chunks.next();
    if (!next.done) parts.push(next.value);
    else if (next.value !== "complete") return errorFor(next.value);
    else return { url, status, statusText, headers, body: concatBytes(parts) };
  }
}

/** Statuses whose responses cannot have a body. */
const nullBodyStatuses: readonly number[] = [204, 205, 304];

async function fetchStream(state: GatewayState, request: Request): Promise<Response> {
  const response = await forward(state, {
    url: request.url,
    method: request.method,
    headers: [...request.headers],
    body: request.body,
  });
  if (!response.ok) {
    const { body, status, headers } = response.error;
    return new Response(body, { status, headers });
  }
  const { status, statusText, headers, chunks, stop } = response.value;
  if (!nullBodyStatuses.includes(status)) {
    return new Response(streamOf(chunks, stop), { status, statusText, headers });
  }
  await chunks.next();
  return new Response(null, { status, statusText, headers });
}
