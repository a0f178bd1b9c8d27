/**
 * One request through the gateway: decide, check what may be spent, send exactly the
 * decided URL without following redirects, and hand back an answer whose body is read,
 * counted and scrubbed as it flows.
 */
import {
  type CompiledPolicy,
  type Decision,
  decide,
  decideLocally,
} from "../../policies/decide.ts";
import type { FleetMode, PolicyDenial } from "../../policies/index.ts";
import type { Policy } from "../../policies/schema.ts";
import { urlPatterns } from "../../policies/url_pattern.ts";
import { egressLimits } from "../../shared/limits.ts";
import { destination, type Hosts } from "../../shared/local_hosts.ts";
import type { EgressRow } from "../../shared/store/egress_log.ts";
import type { GuestResponse } from "../sandbox/engine.ts";
import { type BodyEnd, cleanChunks, countedBody, type Deadline, deadline } from "./body.ts";
import type { Budget } from "./budget.ts";
import { incomingHeaders, outgoingHeaders } from "./headers.ts";
import type { DecisionJournal } from "./journal.ts";
import type { RefusalReason } from "./reason.ts";
import { refusalAnswer } from "./refusal.ts";
import type { Scrubber } from "./scrub.ts";

export type Send = (url: string, init: RequestInit) => Promise<Response>;

/** What a gateway is made of, for the span of one slice. */
export interface GatewayState {
  policyName: string;
  policy: Policy | null;
  compiled: CompiledPolicy | null;
  /** Why everything is denied, or null. */
  closed: PolicyDenial | null;
  mode: FleetMode;
  /** Values by name, read once; names without a value are absent. */
  secrets: ReadonlyMap<string, string>;
  hosts: Hosts;
  routes: Readonly<Record<string, Pick<Fetcher, "fetch">>>;
  scrubber: Scrubber;
  budget: Budget;
  journal: DecisionJournal;
  signal: AbortSignal;
  beforeSend: (row: EgressRow) => Promise<"go" | "stop">;
  send: Send;
}

/** Carries a decided request out. `patterns` are the URLs that the policy permits at its origin; never none. */
export type Transport = (url: string, patterns: readonly string[]) => Promise<Response>;

export interface EgressRequest {
  url: string;
  method: string;
  headers: readonly (readonly [name: string, value: string])[];
  body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** Carries the request out in place of the network. It gets no header, so no credential either. */
  carrier?: Transport;
  /** Said by the fleet, never by a guest: whatever its method, the request may be repeated. */
  harmless?: boolean;
}

export interface Answer {
  url: string;
  status: number;
  statusText: string;
  headers: [name: string, value: string][];
  /** The clean body. Whoever holds the answer reads it to its end or calls `stop`. */
  chunks: AsyncGenerator<Uint8Array, BodyEnd>;
  stop(): void;
}

/** `refuse` makes the refusal that stands in for an answer whose body breaks off. */
export type Forwarded =
  | { ok: true; answer: Answer; refuse: (reason: RefusalReason) => GuestResponse }
  | { ok: false; refusal: GuestResponse };

/** Never rejects. */
export async function forward(passage: GatewayState, asked: EgressRequest): Promise<Forwarded> {
  const { journal, budget } = passage;
  const decision =
    passage.mode === "local"
      ? decideLocally(passage.compiled, asked)
      : decide(passage.compiled, asked);
  const row = journal.open(asked, decision);
  const refuse = (reason: RefusalReason): GuestResponse =>
    refusalAnswer({
      reason,
      policyName: passage.policyName,
      policy: passage.policy,
      method: row.method,
      host: row.host,
      url: asked.url,
    });
  const deny = (reason: RefusalReason): Forwarded => {
    journal.deny(row, reason);
    return { ok: false, refusal: refuse(reason) };
  };

  if (passage.closed !== null) return deny(passage.closed);
  if (decision.action === "deny") return deny(decision.reason);
  const ready = prepare(passage, asked, decision);
  if (!ready.ok) return deny(ready.reason);
  const known = asked.body instanceof Uint8Array ? asked.body.byteLength : 0;
  const spent = budget.takeRequest(known);
  if (spent !== null) return deny(spent);
  row.bytes_out = known;
  const effectless = asked.harmless === true || ["GET", "HEAD"].includes(decision.method);
  if (!effectless && (await permission(passage, row)) === "stop") return deny("stopped");

  const limit = deadline(budget.requestMs, passage.signal);
  const finish = (end: BodyEnd | RefusalReason): void => {
    limit.clear();
    if (end !== null) row.reason = end;
    budget.takeTime(journal.close(row));
  };
  const outgoing =
    asked.body instanceof ReadableStream
      ? countedBody(asked.body, budget, (bytes) => {
          row.bytes_out += bytes;
        })
      : null;
  const response = await sendInTime(ready.send, ready.target, limit, {
    method: decision.method,
    headers: ready.headers,
    body: outgoing === null ? asked.body : outgoing.stream,
    redirect: "manual",
    signal: limit.signal,
  });
  row.status = response?.status ?? null;
  const failure = response === null ? "unreachable" : unfit(response);
  if (response === null || failure !== null) {
    void response?.body?.cancel().catch(() => {});
    const stopped = limit.signal.aborted ? limit.why() : null;
    const reason = outgoing?.refused() ?? stopped ?? failure ?? "unreachable";
    finish(reason);
    return { ok: false, refusal: refuse(reason) };
  }

  const chunks = cleanChunks({
    body: response.body,
    atOnce: isSmallBody(response, decision) ? () => response.arrayBuffer() : null,
    scrubber: passage.scrubber,
    budget,
    deadline: limit,
    counted: (bytes) => {
      row.bytes_in += bytes;
    },
    ended: finish,
  });
  const { url, method } = decision;
  const answer: Answer = {
    url: url.href,
    status: response.status,
    statusText: passage.scrubber.text(response.statusText),
    headers: incomingHeaders(response.headers, method, passage.scrubber, url, ready.target),
    chunks,
    stop: limit.stop,
  };
  return { ok: true, answer, refuse };
}

type Permitted = Exclude<Decision, { action: "deny" }>;

type Prepared =
  | { ok: true; target: URL; headers: Headers; send: Send }
  | { ok: false; reason: RefusalReason };

/** Everything that can be known to be wrong before anything is spent. */
function prepare(passage: GatewayState, asked: EgressRequest, decision: Permitted): Prepared {
  const refused = (reason: RefusalReason): Prepared => ({ ok: false, reason });
  if (passage.signal.aborted) return refused("aborted");
  if (!isSmall(asked)) return refused("too_large");
  const bodiless = decision.method === "GET" || decision.method === "HEAD";
  if (bodiless && asked.body !== null) return refused("body");

  const secret =
    decision.action === "inject" ? passage.secrets.get(decision.inject.secret) : undefined;
  if (decision.action === "inject" && secret === undefined) return refused("missing_secret");
  const target = decision.route === null ? destination(decision.url, passage.hosts) : decision.url;
  const headers = outgoingHeaders({
    headers: asked.headers,
    injected: passage.compiled?.injectedHeaders ?? [],
    credential:
      decision.action === "inject" && secret !== undefined
        ? { header: decision.inject.header, value: (decision.inject.prefix ?? "") + secret }
        : null,
    standsFor: target === decision.url ? null : decision.url,
  });
  if (headers === null) return refused("bad_secret");
  if (asked.carrier !== undefined) {
    const { carrier } = asked;
    const patterns = urlPatterns(passage.compiled, decision.url);
    if (decision.action === "inject" || decision.route !== null || patterns.length === 0) {
      return refused("carrier");
    }
    return { ok: true, target, headers, send: (url) => carrier(url, patterns) };
  }
  if (decision.route === null) return { ok: true, target, headers, send: passage.send };
  const route = Object.hasOwn(passage.routes, decision.route)
    ? passage.routes[decision.route]
    : undefined;
  if (route === undefined) return refused("missing_route");
  return { ok: true, target, headers, send: (url, init) => route.fetch(url, init) };
}

function isSmall(asked: EgressRequest): boolean {
  const headerBytes = asked.headers.reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    0,
  );
  const bodyBytes = asked.body instanceof Uint8Array ? asked.body.byteLength : 0;
  return (
    asked.url.length <= egressLimits.urlCharsMax &&
    asked.headers.length <= egressLimits.headersMax &&
    headerBytes <= egressLimits.headerBytesMax &&
    bodyBytes <= egressLimits.requestBytesMax
  );
}

async function permission(passage: GatewayState, row: EgressRow): Promise<"go" | "stop"> {
  try {
    return await passage.beforeSend({ ...row });
  } catch {
    return "stop";
  }
}

/** Null where nothing came back, in time or at all. The error's text may hold anything and goes nowhere. */
async function sendInTime(
  send: Send,
  target: URL,
  limit: Deadline,
  init: RequestInit,
): Promise<Response | null> {
  if (limit.signal.aborted) return null;
  try {
    const sent = send(target.href, init);
    const first = await Promise.race([sent, limit.passed]);
    if (first !== "passed") return first;
    void sent.then((late) => late.body?.cancel()).catch(() => {});
    return null;
  } catch {
    return null;
  }
}

/** Whether the message itself bounds the body: its length is stated, and it grows by no decoding. */
function isSmallBody({ headers }: Response, { route }: Permitted): boolean {
  // A bound service makes its answers in this process, where nothing holds it to the length it states.
  if (route !== null || headers.has("content-encoding")) return false;
  const length = headers.get("content-length");
  return length !== null && /^\d+$/.test(length) && Number(length) <= egressLimits.wholeBytesMax;
}

/** The encodings that the runtime decodes, in the spelling in which it knows them. */
const decoded: readonly string[] = ["", "identity", "gzip", "br"];

/** Why an answer cannot be passed on, whatever its body: what is not decoded cannot be scrubbed. */
function unfit({ headers }: Response): "encoding" | "response_too_large" | null {
  if (!decoded.includes(headers.get("content-encoding") ?? "")) return "encoding";
  let [count, bytes] = [0, 0];
  for (const [name, value] of headers) {
    count += 1;
    bytes += name.length + value.length;
  }
  const tooLarge =
    count > egressLimits.responseHeadersMax || bytes > egressLimits.responseHeaderBytesMax;
  return tooLarge ? "response_too_large" : null;
}
