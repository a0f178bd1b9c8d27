/**
 * One request through the gateway: decide, check the budget, send exactly the decided URL without following
 * redirects, and return a response whose body is read, counted and scrubbed as it flows.
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
import { type Hosts, resolveDestination } from "../../shared/addresses/local_hosts.ts";
import { egressLimits, memoryLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { EgressRow } from "../../shared/store/egress/egress_log.ts";
import type { Loan } from "../memory/byte_budget.ts";
import type { GuestResponse } from "../sandbox/engine.ts";
import type { Announcements, Cover } from "./announcements.ts";
import { type BodyEnd, countBody, type Deadline, scrubChunks, startDeadline } from "./body.ts";
import type { Budget } from "./budget.ts";
import type { DecisionJournal } from "./decision_journal.ts";
import type { EgressErrorReason } from "./error_reason.ts";
import { errorResponse } from "./error_response.ts";
import { buildOutgoingHeaders, filterIncomingHeaders } from "./headers.ts";
import type { Scrubber } from "./scrub.ts";

export type Send = (url: string, init: RequestInit) => Promise<Response>;

/** Everything a gateway needs, for one slice. */
export interface GatewayState {
  policyName: string;
  policy: Policy | null;
  compiled: CompiledPolicy | null;
  /** Why every request is denied, or null. */
  closed: PolicyDenial | null;
  mode: FleetMode;
  /** Values by name, read once; names without a value are absent. */
  secrets: ReadonlyMap<string, string>;
  hosts: Hosts;
  routes: Readonly<Record<string, Pick<Fetcher, "fetch">>>;
  scrubber: Scrubber;
  budget: Budget;
  journal: DecisionJournal;
  permitsEffects: () => boolean;
  signal: AbortSignal;
  announcements: Announcements;
  lend: (() => Loan) | null;
  send: Send;
}

/** Sends an allowed request. `patterns` are the URLs that the policy allows at its origin; never empty. */
export type Transport = (url: string, patterns: readonly string[]) => Promise<Response>;

export interface EgressRequest {
  url: string;
  method: string;
  headers: readonly (readonly [name: string, value: string])[];
  body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** Replaces the network. It gets no header, so no credential either. */
  transport?: Transport;
  /** Set only by the fleet, never by a guest: the request may be repeated, whatever its method. */
  effectFree?: boolean;
}

export interface EgressResponse {
  url: string;
  status: number;
  statusText: string;
  headers: [name: string, value: string][];
  /** The scrubbed body. The caller reads it to its end or calls `stop`. */
  chunks: AsyncGenerator<Uint8Array, BodyEnd>;
  stop(): void;
  /** The response that replaces this one when its body breaks off. */
  errorFor(reason: EgressErrorReason): GuestResponse;
}

/** Never rejects. The error is a response that names the reason. */
export async function forward(
  state: GatewayState,
  request: EgressRequest,
): Promise<Result<EgressResponse, GuestResponse>> {
  const decision =
    state.mode === "local"
      ? decideLocally(state.compiled, request)
      : decide(state.compiled, request);
  const row = state.journal.open(request, decision);
  const admission = await admit(state, request, decision, row);
  if (!admission.ok) state.journal.deny(row, admission.error);
  const { method, host } = row;
  const { policyName, policy } = state;
  const errorFor = (reason: EgressErrorReason) =>
    errorResponse({ reason, policyName, policy, method, host, url: request.url });
  if (!admission.ok) return err(errorFor(admission.error));
  const response = await exchange(state, request, admission.value, row);
  return response.ok ? ok({ ...response.value, errorFor }) : err(errorFor(response.error));
}

type AllowedDecision = Exclude<Decision, { action: "deny" }>;

interface PreparedRequest {
  decision: AllowedDecision;
  target: URL;
  headers: Headers;
  send: Send;
}

/** The checks before a request is sent. They take it and its bytes from the budget, and write its row where needed. */
async function admit(
  state: GatewayState,
  request: EgressRequest,
  decision: Decision,
  row: EgressRow,
): Promise<Result<PreparedRequest, EgressErrorReason>> {
  if (state.closed !== null) return err(state.closed);
  if (decision.action === "deny") return err(decision.reason);
  const prepared = prepare(state, request, decision);
  if (!prepared.ok) return prepared;
  const effectFree = request.effectFree === true || ["GET", "HEAD"].includes(decision.method);
  if (!effectFree && !state.permitsEffects()) return err("approval_required");
  const bytes = request.body instanceof Uint8Array ? request.body.byteLength : 0;
  const overrun = state.budget.takeRequest(bytes);
  if (!overrun.ok) return overrun;
  row.bytes_out = bytes;
  const answer = await state.announcements.admit(row, !effectFree);
  return answer === "go" ? prepared : err("stopped");
}

/** Sends an admitted request and closes its row when the body ends. */
async function exchange(
  { announcements, budget, journal, lend, scrubber, signal }: GatewayState,
  { body }: EgressRequest,
  { decision, target, headers, send }: PreparedRequest,
  row: EgressRow,
): Promise<Result<Omit<EgressResponse, "errorFor">, EgressErrorReason>> {
  const { url, method } = decision;
  const deadline = startDeadline(budget.requestMs, signal);
  const cover = announcements.coverFor(row);
  const loan = lend?.() ?? null;
  const finish = (end: BodyEnd | EgressErrorReason): void => {
    deadline.clear();
    loan?.end();
    if (end !== "complete") row.reason = end;
    budget.takeTime(journal.close(row));
  };
  const countedBody =
    body instanceof ReadableStream
      ? countBody(body, { budget, cover }, (bytes) => {
          row.bytes_out += bytes;
        })
      : null;
  const reply = await sendInTime(send, target, deadline, {
    method,
    headers,
    body: countedBody === null ? body : countedBody.stream,
    redirect: "manual",
    signal: deadline.signal,
  });
  row.status = reply.ok ? reply.value.status : null;
  const checkedResponse = reply.ok ? checkResponse(reply.value) : reply;
  if (!checkedResponse.ok) {
    if (reply.ok) void reply.value.body?.cancel().catch(() => {});
    const stopReason = deadline.signal.aborted ? deadline.reason() : null;
    const reason = countedBody?.exceeded() ?? stopReason ?? checkedResponse.error;
    finish(reason);
    return err(reason);
  }
  const response = checkedResponse.value;
  const chunks = scrubChunks({
    body: response.body,
    readWhole: isBoundedBody(response, decision) ? () => response.arrayBuffer() : null,
    scrubber,
    budget,
    admit: (bytes) => admitBytes(bytes, { loan, deadline, cover }),
    deadline,
    onBytes: (bytes) => {
      row.bytes_in += bytes;
    },
    onEnd: finish,
  });
  return ok({
    url: url.href,
    status: response.status,
    statusText: scrubber.scrubText(response.statusText),
    headers: filterIncomingHeaders(response.headers, method, scrubber, url, target),
    chunks,
    stop: deadline.stop,
  });
}

/** The checks that spend nothing. */
function prepare(
  state: GatewayState,
  request: EgressRequest,
  decision: AllowedDecision,
): Result<PreparedRequest, EgressErrorReason> {
  if (state.signal.aborted) return err("aborted");
  if (!isWithinLimits(request)) return err("too_large");
  const hasNoBody = decision.method === "GET" || decision.method === "HEAD";
  if (hasNoBody && request.body !== null) return err("body");

  const secret =
    decision.action === "inject" ? state.secrets.get(decision.inject.secret) : undefined;
  if (decision.action === "inject" && secret === undefined) return err("missing_secret");
  const isLocal = decision.route === null;
  const target = isLocal ? resolveDestination(decision.url, state.hosts) : decision.url;
  const headers = buildOutgoingHeaders({
    headers: request.headers,
    injected: state.compiled?.injectedHeaders ?? [],
    credential:
      decision.action === "inject" && secret !== undefined
        ? { header: decision.inject.header, value: (decision.inject.prefix ?? "") + secret }
        : null,
    decidedUrl: target === decision.url ? null : decision.url,
  });
  if (headers === null) return err("bad_secret");
  const withSend = (send: Send) => ok({ decision, target, headers, send });
  const { transport } = request;
  if (transport !== undefined) {
    const patterns = urlPatterns(state.compiled, decision.url);
    if (decision.action === "inject" || decision.route !== null || patterns.length === 0) {
      return err("carrier");
    }
    return withSend((url) => transport(url, patterns));
  }
  if (decision.route === null) return withSend(state.send);
  const route = Object.hasOwn(state.routes, decision.route)
    ? state.routes[decision.route]
    : undefined;
  if (route === undefined) return err("missing_route");
  return withSend((url, init) => route.fetch(url, init));
}

function isWithinLimits({ url, headers, body }: EgressRequest): boolean {
  const headerBytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const bodyBytes = body instanceof Uint8Array ? body.byteLength : 0;
  return (
    url.length <= egressLimits.urlCharsMax &&
    headers.length <= egressLimits.headersMax &&
    headerBytes <= egressLimits.headerBytesMax &&
    bodyBytes <= egressLimits.requestBytesMax
  );
}

/** Waits for room in the isolate, then charges what the share does not cover. */
async function admitBytes(
  bytes: number,
  { loan, deadline, cover }: { loan: Loan | null; deadline: Deadline; cover: Cover },
): Promise<"go" | "stop"> {
  const { signal } = deadline;
  const hasRoom = (await loan?.grow(memoryLimits.answerFactor * bytes, { signal })) ?? true;
  return hasRoom ? cover() : "stop";
}

/** Fails when no response came, or none in time. The cause may contain anything and is dropped. */
async function sendInTime(
  send: Send,
  target: URL,
  deadline: Deadline,
  init: RequestInit,
): Promise<Result<Response, "unreachable">> {
  if (deadline.signal.aborted) return err("unreachable");
  try {
    const response = send(target.href, init);
    const first = await deadline.race(response);
    if (first !== "passed") return ok(first);
    void response.then((lateResponse) => lateResponse.body?.cancel()).catch(() => {});
    return err("unreachable");
  } catch {
    return err("unreachable");
  }
}

/** Whether the HTTP message bounds the body: it has a `content-length`, and decoding does not enlarge it. */
function isBoundedBody({ headers }: Response, { route }: AllowedDecision): boolean {
  // A bound service responds in this process, where nothing enforces its `content-length`.
  if (route !== null || headers.has("content-encoding")) return false;
  const length = headers.get("content-length");
  return length !== null && /^\d+$/.test(length) && Number(length) <= egressLimits.bufferedBytesMax;
}

/** The encodings that the runtime decodes, as it spells them. */
const decodedEncodings: readonly string[] = ["", "identity", "gzip", "br"];

/** Whether a response can be passed on: a body that is not decoded cannot be scrubbed. */
function checkResponse(response: Response): Result<Response, "encoding" | "response_too_large"> {
  const { headers } = response;
  if (!decodedEncodings.includes(headers.get("content-encoding") ?? "")) return err("encoding");
  let [count, bytes] = [0, 0];
  for (const [name, value] of headers) {
    count += 1;
    bytes += name.length + value.length;
  }
  const tooLarge =
    count > egressLimits.responseHeadersMax || bytes > egressLimits.responseHeaderBytesMax;
  return tooLarge ? err("response_too_large") : ok(response);
}
