/**
 * Every way in which a request through the gateway can end without the upstream's
 * answer, with the words that the agent reads. The words say what to do next and never
 * hold a secret, a header or an upstream's error text.
 */
import type { DenyReason } from "../../policies/decide.ts";
import type { PolicyDenial } from "../../policies/index.ts";

/** Which bound of the task or of its policy is used up. */
export type BudgetReason =
  | "budget_requests"
  | "budget_bytes"
  | "policy_requests"
  | "policy_bytes_in"
  | "policy_bytes_out"
  | "policy_seconds";

/** Why a decided request was not sent. */
export type GatewayDenial =
  | "too_large"
  | "body"
  | "missing_secret"
  | "bad_secret"
  | "missing_route"
  | "carrier"
  | "stopped";

/** Why a request that was sent has no answer. */
export type UpstreamFailure =
  | "unreachable"
  | "timeout"
  | "aborted"
  | "encoding"
  | "response_too_large";

export type RefusalReason =
  | DenyReason
  | PolicyDenial
  | GatewayDenial
  | BudgetReason
  | UpstreamFailure;

export type RefusalCode = "egress_denied" | "egress_budget" | "upstream_failed";

interface Row {
  code: RefusalCode;
  status: 403 | 429 | 502;
  /** Completes "…: " after the method and the host. */
  words: string;
}

const denied = (words: string): Row => ({ code: "egress_denied", status: 403, words });
const budget = (words: string): Row => ({
  code: "egress_budget",
  status: 429,
  words: `${words} Send nothing more; finish with what you have.`,
});
const upstream = (words: string): Row => ({ code: "upstream_failed", status: 502, words });

const noPolicy = "Nothing can be reached by this task. Finish without the network.";

export const refusals: Readonly<Record<RefusalReason, Row>> = {
  no_policy: denied(`The task has no policy. ${noPolicy}`),
  unknown_policy: denied(`The task's policy does not exist. ${noPolicy}`),
  invalid_policy: denied(`The task's policy is invalid. ${noPolicy}`),
  tenant: denied(`The task's policy is not for its tenant. ${noPolicy}`),
  local_only: denied(`The task's policy is for local runs only. ${noPolicy}`),
  store_error: denied(`The task's policy could not be read. ${noPolicy}`),
  bad_url: denied("The URL cannot be read. Pass an absolute URL such as https://host/path."),
  scheme: denied("Only https, and http where the policy lists it, may be used."),
  userinfo: denied("A URL may not hold a user name or a password. Remove them."),
  header: denied(
    "A header is not permitted: method overrides, Upgrade, a Host that differs from the URL, or characters that headers may not have. Remove it.",
  ),
  method: denied("The method must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS."),
  address: denied("The address is private, local or reserved. Such addresses are never reached."),
  name: denied("The host name is local or malformed. Use a full public name."),
  no_rule: denied("No rule of the policy permits this request. Do not repeat it."),
  too_large: denied("The URL, the headers or the body are too large. Send less."),
  body: denied("GET and HEAD carry no body. Remove it or use another method."),
  missing_secret: denied(
    "The credential for this host is not configured. You cannot supply it; finish without this host.",
  ),
  bad_secret: denied(
    "The credential for this host cannot be sent. You cannot supply it; finish without this host.",
  ),
  missing_route: denied("The binding that serves this host is not configured."),
  carrier: denied(
    "The rule for this host adds a credential or uses a binding, which a browser cannot. Use fetch_url.",
  ),
  stopped: denied("The task may not start a request with effects now."),
  budget_requests: budget("The task's number of requests is used up."),
  budget_bytes: budget("The task's number of bytes is used up."),
  policy_requests: budget("The policy's number of requests is used up."),
  policy_bytes_in: budget("The policy's number of received bytes is used up."),
  policy_bytes_out: budget("The policy's number of sent bytes is used up."),
  policy_seconds: budget("The policy's time for requests is used up."),
  unreachable: upstream("The host did not answer. It may be down; one repetition is reasonable."),
  timeout: upstream("The host did not answer in time. Ask for less or try once more."),
  aborted: upstream("The task was stopped while the host was answering."),
  encoding: upstream("The answer has an encoding that is not passed on."),
  response_too_large: upstream("The answer is too large. Ask for less, for example page by page."),
};
