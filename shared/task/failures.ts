import type { Reason } from "./states.ts";

/**
 * Every failure of the fleet, classified once. The table below is mirrored in
 * docs/failures.md and a test compares the two.
 *
 * - retry: the attempt failed; try again after a jittered backoff, costing one attempt.
 * - wait: pause inside the slice for a short, known time; costs nothing.
 * - give_back: return the task to the queue until a known time; costs nothing.
 * - shrink: the request was too long; compact the conversation once and ask again, else as fail.
 * - fail: the work ended badly; the task settles as `failed` with the reason named here.
 * - dead: no further attempt can help and nothing the agent did is to blame.
 */
export type FailureClass = "retry" | "wait" | "give_back" | "shrink" | "fail" | "dead";

interface Row {
  class: FailureClass;
  /** The reason the task gets when this failure ends it. */
  reason: Reason;
  meaning: string;
}

export const failureTable = {
  // Failures of the model.
  model_busy: {
    class: "give_back",
    reason: "model_error",
    meaning:
      "The endpoint has no capacity or limits our rate (429, 3040); it names or we choose the time to come back.",
  },
  model_quota: {
    class: "give_back",
    reason: "model_error",
    meaning: "The account's daily allocation is used up (3036, 4006); it returns at 00:00 UTC.",
  },
  spend_ceiling: {
    class: "give_back",
    reason: "budget_cost",
    meaning:
      "The tenant has spent what it may in a day (SPEND_PER_DAY_USD); its tasks continue at 00:00 UTC.",
  },
  model_unpaid: {
    class: "fail",
    reason: "model_error",
    meaning:
      "The account has no money or allowance left, and no hour is known at which it returns (402, insufficient_quota).",
  },
  model_loading: {
    class: "give_back",
    reason: "model_error",
    meaning:
      "The server starts, loads the model or has a full queue (503 that says so); this may last minutes.",
  },
  model_interrupted: {
    class: "retry",
    reason: "attempts_exhausted",
    meaning:
      "The endpoint broke off this request (409, 424, 425, a crashed model, a reply that ends with an error).",
  },
  model_not_found: {
    class: "fail",
    reason: "model_error",
    meaning: "The endpoint does not serve this model, or MODEL_BASE_URL is not its address (404).",
  },
  model_unavailable: {
    class: "give_back",
    reason: "model_unavailable",
    meaning:
      "The endpoint answered 5xx, reset the connection or could not be reached; the task waits until it answers.",
  },
  model_gone: {
    class: "dead",
    reason: "model_unavailable",
    meaning: "The endpoint's outage lasted longer than MODEL_PATIENCE.",
  },
  model_deadline: {
    class: "retry",
    reason: "attempts_exhausted",
    meaning: "The endpoint did not answer in time (408, 3007, 3046, our own deadline).",
  },
  model_unreadable: {
    class: "retry",
    reason: "attempts_exhausted",
    meaning: "The reply was not JSON or had no shape that we know.",
  },
  model_overflow: {
    class: "shrink",
    reason: "model_error",
    meaning: "The conversation is longer than the model's window (5021, 3006, 413).",
  },
  model_rejected: {
    class: "fail",
    reason: "model_error",
    meaning: "The endpoint rejected the request as invalid or not permitted (other 4xx).",
  },
  model_refused: {
    class: "fail",
    reason: "model_refused",
    meaning: "The endpoint filtered the content (3030) or the model declined to work.",
  },
  model_unconfigured: {
    class: "fail",
    reason: "model_error",
    meaning: "Nothing is configured that serves this model.",
  },
  rehearsal_exhausted: {
    class: "fail",
    reason: "model_error",
    meaning: "The scripted model has no turn left.",
  },
  // Failures of the sandbox.
  sandbox_unavailable: {
    class: "fail",
    reason: "sandbox_unavailable",
    meaning: "The engine that the task names is not configured here.",
  },
  tool_unconfigured: {
    class: "fail",
    reason: "sandbox_unavailable",
    meaning:
      "A tool, an MCP server or a skill that the task names is not configured here, or not for its tenant.",
  },
  sandbox_fault: {
    class: "retry",
    reason: "attempts_exhausted",
    meaning: "The engine itself broke; the program is not to blame.",
  },
  // Failures of the policy.
  policy_unknown: {
    class: "fail",
    reason: "policy_error",
    meaning: "The task's policy does not exist, is invalid, or may not be used by its tenant.",
  },
  // Failures of our own stores.
  store_fault: {
    class: "retry",
    reason: "attempts_exhausted",
    meaning: "D1, R2 or the queue failed after its own retries.",
  },
  spec_missing: {
    class: "dead",
    reason: "attempts_exhausted",
    meaning: "The task's body is gone from R2.",
  },
  memory_full: {
    class: "give_back",
    reason: "attempts_exhausted",
    meaning: "The other tasks of the isolate hold its memory; the task comes back in seconds.",
  },
  journal_missing: {
    class: "dead",
    reason: "attempts_exhausted",
    meaning: "The journal that the task should continue from is missing or unreadable.",
  },
  effect_uncertain: {
    class: "fail",
    reason: "uncertain_effect",
    meaning: "A tool with effects was started and its outcome is unknown.",
  },
  lease_lost: {
    class: "retry",
    reason: "attempts_exhausted",
    meaning: "A worker died or stalled before it journaled a step.",
  },
  bug: {
    class: "retry",
    reason: "attempts_exhausted",
    meaning: "An unexpected exception; the log has it.",
  },
} as const satisfies Record<string, Row>;

export type FailureCode = keyof typeof failureTable;

/**
 * What an endpoint's error says of the endpoint, for whatever counts its errors.
 *
 * - busy: it limits our rate or has no capacity; it works. Wait as long as it says.
 * - loading: it starts or its queue is full; it will work within minutes. Wait.
 * - quota: the account has no allowance or money left; the server works.
 * - overflow: this conversation is too long; says nothing of the endpoint.
 * - rejected: this request is invalid, not permitted or filtered; says nothing of the endpoint.
 * - not_found: the model or the path does not exist: every call of this model fails alike.
 * - retry: this request was broken off; the next one may succeed at once.
 * - unavailable: the server failed, timed out or sent something unreadable.
 */
export type EndpointErrorClass =
  | "busy"
  | "loading"
  | "quota"
  | "overflow"
  | "rejected"
  | "not_found"
  | "retry"
  | "unavailable";

const endpointClasses: Readonly<Partial<Record<FailureCode, EndpointErrorClass>>> = {
  model_busy: "busy",
  model_loading: "loading",
  model_quota: "quota",
  model_unpaid: "quota",
  model_overflow: "overflow",
  model_rejected: "rejected",
  model_refused: "rejected",
  model_not_found: "not_found",
  model_interrupted: "retry",
  model_unavailable: "unavailable",
  model_gone: "unavailable",
  model_deadline: "unavailable",
  model_unreadable: "unavailable",
};

/** The class of an endpoint's error; null for a failure that is not an endpoint's. */
export const endpointErrorClass = ({ code }: Pick<Failure, "code">): EndpointErrorClass | null =>
  endpointClasses[code] ?? null;

/** A failure as a value. `message` is for people and never holds a secret. */
export interface Failure {
  code: FailureCode;
  message: string;
  /** The wait that the endpoint asked for, in milliseconds from now. */
  retryAfterMs?: number;
  /** The endpoint's HTTP status, where there was one. */
  status?: number;
  /** The model's window in tokens, where the endpoint let us learn it. */
  windowTokens?: number;
  /** The endpoint's own error code, where it is a number: 8006 is a forced tool with too few tokens. */
  endpointCode?: number;
  /** Replaces the class of the code for this one failure. */
  class?: FailureClass;
  /** True where the endpoint answered other calls, so that the request may be to blame. */
  isLone?: boolean;
  /** Consecutive lone failures of this task. */
  loneFaults?: number;
}

export function failure(
  code: FailureCode,
  message: string,
  details: Omit<Failure, "code" | "message"> = {},
): Failure {
  return { code, message, ...details };
}

export function classOf(failure: Failure): FailureClass {
  return failure.class ?? failureTable[failure.code].class;
}
