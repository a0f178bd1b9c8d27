/**
 * Every reason for which a request gets no response from the upstream, with the message that the agent reads.
 * A message says what to do next and never contains a secret, a header or an upstream's error text.
 */
import type { DenyReason } from "../../policies/decide.ts";
import type { PolicyDenial } from "../../policies/index.ts";

/** A used-up limit of the task or of its policy. */
export type BudgetReason =
  | "budget_requests"
  | "budget_bytes"
  | "policy_requests"
  | "policy_bytes_in"
  | "policy_bytes_out"
  | "policy_seconds";

/** Why an allowed request was not sent. */
export type GatewayDenial =
  | "too_large"
  | "body"
  | "missing_secret"
  | "bad_secret"
  | "missing_route"
  | "carrier"
  | "approval_required"
  | "stopped";

/** Why a request that was sent has no usable response. */
export type UpstreamFailure =
  | "unreachable"
  | "timeout"
  | "aborted"
  | "encoding"
  | "response_too_large";

export type EgressErrorReason =
  | DenyReason
  | PolicyDenial
  | GatewayDenial
  | BudgetReason
  | UpstreamFailure;

export type EgressErrorCode = "egress_denied" | "egress_budget" | "upstream_failed";

interface ErrorText {
  code: EgressErrorCode;
  status: 403 | 429 | 502;
  /** Follows "<method> <host>: ". */
  message: string;
}

const denialText = (message: string): ErrorText => ({
  code: "egress_denied",
  status: 403,
  message,
});
const budget = (limit: string): ErrorText => ({
  code: "egress_budget",
  status: 429,
  message: `${limit} is used up. Send no more requests; finish with what you have.`,
});
const upstream = (message: string): ErrorText => ({
  code: "upstream_failed",
  status: 502,
  message,
});

const noNetwork = "The task cannot reach any host. Finish without the network.";

export const egressErrors: Readonly<Record<EgressErrorReason, ErrorText>> = {
  no_policy: denialText(`The task has no policy. ${noNetwork}`),
  unknown_policy: denialText(`The task's policy does not exist. ${noNetwork}`),
  invalid_policy: denialText(`The task's policy is invalid. ${noNetwork}`),
  tenant: denialText(`The task's policy does not allow its tenant. ${noNetwork}`),
  local_only: denialText(`The task's policy is for local runs only. ${noNetwork}`),
  store_error: denialText(`The task's policy could not be read. ${noNetwork}`),
  bad_url: denialText("The URL is invalid. Pass an absolute URL such as https://host/path."),
  scheme: denialText("Only https is allowed, and http where the policy lists it."),
  userinfo: denialText("A URL must not contain a user name or a password. Remove them."),
  header: denialText(
    "A header is not allowed: method overrides, Upgrade, a Host that differs from the URL, or invalid characters. Remove it.",
  ),
  method: denialText("The method must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS."),
  address: denialText(
    "The address is private, local or reserved. Such addresses are never allowed.",
  ),
  name: denialText("The host name is local or malformed. Use a full public name."),
  no_rule: denialText("No rule of the policy allows this request. Do not repeat it."),
  too_large: denialText("The URL, the headers or the body are too large. Send less."),
  body: denialText("GET and HEAD must not have a body. Remove it or use another method."),
  missing_secret: denialText(
    "The credential for this host is not configured. You cannot supply it; finish without this host.",
  ),
  bad_secret: denialText(
    "The credential for this host cannot be sent. You cannot supply it; finish without this host.",
  ),
  missing_route: denialText("The service binding for this host is not configured."),
  carrier: denialText(
    "The rule for this host adds a credential or uses a binding, which a browser cannot. Use fetch_url.",
  ),
  approval_required: denialText(
    "A person must approve this request. Do not send it from a program: call fetch_url with the same method, URL and body.",
  ),
  stopped: denialText(
    "The task must not send this request now: this tool may only read, or its step is over.",
  ),
  budget_requests: budget("The task's request limit"),
  budget_bytes: budget("The task's byte limit"),
  policy_requests: budget("The policy's request limit"),
  policy_bytes_in: budget("The policy's limit of received bytes"),
  policy_bytes_out: budget("The policy's limit of sent bytes"),
  policy_seconds: budget("The policy's time limit for requests"),
  unreachable: upstream("The host did not answer. It may be down; one retry is reasonable."),
  timeout: upstream("The host did not answer in time. Request less or try once more."),
  aborted: upstream("The task was stopped while the host was answering."),
  encoding: upstream("The response has an unsupported content encoding."),
  response_too_large: upstream(
    "The response is too large. Request less, for example page by page.",
  ),
};
