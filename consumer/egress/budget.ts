/**
 * What a task may still send and receive: its own limits and those of its policy, both in
 * total over all attempts. Requests and sent bytes are reserved before they are spent, so
 * that requests at the same time cannot pass together.
 */
import type { Limits } from "../../policies/schema.ts";
import { egressLimits } from "../../shared/limits.ts";
import type { BudgetReason } from "./reason.ts";

/** Totals of a task. Bytes are of bodies; `ms` is the time spent on requests. */
export interface EgressUse {
  requests: number;
  bytes_in: number;
  bytes_out: number;
  ms: number;
}

/** The task's own limits: requests, and bytes in both directions together. */
export interface TaskEgressLimits {
  requests: number;
  bytes: number;
}

export class Budget {
  readonly #task: TaskEgressLimits;
  readonly #policy: Limits;
  readonly #used: EgressUse;
  #exhausted: BudgetReason | null = null;

  constructor(task: TaskEgressLimits, policy: Limits, used: Readonly<EgressUse>) {
    this.#task = task;
    this.#policy = policy;
    this.#used = { ...used };
  }

  get used(): Readonly<EgressUse> {
    return { ...this.#used };
  }

  /** The first bound that refused something, or null. */
  get exhausted(): BudgetReason | null {
    return this.#exhausted;
  }

  /** Takes one request and the bytes of its body, or says which bound forbids it and takes nothing. */
  takeRequest(bytesOut: number): BudgetReason | null {
    const { requests, ms } = this.#used;
    if (requests >= this.#task.requests) return this.#refuse("budget_requests");
    if (requests >= (this.#policy.requests ?? Infinity)) return this.#refuse("policy_requests");
    if (ms >= (this.#policy.seconds ?? Infinity) * 1000) return this.#refuse("policy_seconds");
    const refused = this.takeSent(bytesOut);
    if (refused === null) this.#used.requests += 1;
    return refused;
  }

  /** Takes bytes that are about to be sent. */
  takeSent(bytes: number): BudgetReason | null {
    const { bytes_in, bytes_out } = this.#used;
    if (bytes_in + bytes_out + bytes > this.#task.bytes) return this.#refuse("budget_bytes");
    if (bytes_out + bytes > (this.#policy.bytes_out ?? Infinity)) {
      return this.#refuse("policy_bytes_out");
    }
    this.#used.bytes_out += bytes;
    return null;
  }

  /** Counts bytes that have arrived; an answer means that they may not be passed on. */
  takeReceived(bytes: number): BudgetReason | null {
    this.#used.bytes_in += bytes;
    const { bytes_in, bytes_out } = this.#used;
    if (bytes_in + bytes_out > this.#task.bytes) return this.#refuse("budget_bytes");
    if (bytes_in > (this.#policy.bytes_in ?? Infinity)) return this.#refuse("policy_bytes_in");
    return null;
  }

  takeTime(ms: number): void {
    this.#used.ms += ms;
  }

  /** How long one more request may take. */
  get requestMs(): number {
    const left = (this.#policy.seconds ?? Infinity) * 1000 - this.#used.ms;
    return Math.min(egressLimits.requestMsMax, Math.max(0, left));
  }

  #refuse(reason: BudgetReason): BudgetReason {
    this.#exhausted ??= reason;
    return reason;
  }
}
