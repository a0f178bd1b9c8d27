/**
 * What a task may still send and receive: its own limits and those of its policy, both in total over all
 * attempts. Requests and sent bytes are taken before they are sent, so that concurrent requests cannot exceed
 * a limit together.
 */
import type { Limits } from "../../policies/schema.ts";
import { egressLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { EgressUsage } from "../../shared/spend/usage.ts";
import type { BudgetReason } from "./error_reason.ts";

/** An error names the limit that the request would exceed. */
type TakeResult = Result<void, BudgetReason>;

/** The task's own limits: requests, and bytes in both directions together. */
export interface TaskEgressLimits {
  requests: number;
  bytes: number;
}

export class Budget {
  readonly #task: TaskEgressLimits;
  readonly #policy: Limits;
  readonly #used: EgressUsage;
  #exhausted: BudgetReason | null = null;
  /** Totals that are charged already, should this worker die. */
  #covered: EgressUsage;

  constructor(task: TaskEgressLimits, policy: Limits, usedBefore: Readonly<EgressUsage>) {
    this.#task = task;
    this.#policy = policy;
    this.#used = { ...usedBefore };
    this.#covered = { ...usedBefore };
  }

  get used(): Readonly<EgressUsage> {
    return { ...this.#used };
  }

  /** The first limit that rejected something, or null. */
  get exhausted(): BudgetReason | null {
    return this.#exhausted;
  }

  /** Takes one request and the bytes of its body. An error takes nothing. */
  takeRequest(bytesOut: number): TakeResult {
    const { requests, ms } = this.#used;
    if (requests >= this.#task.requests) return this.#reject("budget_requests");
    if (requests >= (this.#policy.requests ?? Infinity)) return this.#reject("policy_requests");
    if (ms >= (this.#policy.seconds ?? Infinity) * 1000) return this.#reject("policy_seconds");
    const overrun = this.takeSent(bytesOut);
    if (overrun.ok) this.#used.requests += 1;
    return overrun;
  }

  /** Takes bytes that are about to be sent. */
  takeSent(bytes: number): TakeResult {
    const { bytes_in, bytes_out } = this.#used;
    if (bytes_in + bytes_out + bytes > this.#task.bytes) return this.#reject("budget_bytes");
    if (bytes_out + bytes > (this.#policy.bytes_out ?? Infinity)) {
      return this.#reject("policy_bytes_out");
    }
    this.#used.bytes_out += bytes;
    return ok(undefined);
  }

  /** Counts received bytes. After an error they must not be passed on. */
  takeReceived(bytes: number): TakeResult {
    this.#used.bytes_in += bytes;
    const { bytes_in, bytes_out } = this.#used;
    if (bytes_in + bytes_out > this.#task.bytes) return this.#reject("budget_bytes");
    if (bytes_in > (this.#policy.bytes_in ?? Infinity)) return this.#reject("policy_bytes_in");
    return ok(undefined);
  }

  takeTime(ms: number): void {
    this.#used.ms += ms;
  }

  /** How long one more request may take. */
  get requestMs(): number {
    const msLeft = (this.#policy.seconds ?? Infinity) * 1000 - this.#used.ms;
    return Math.min(egressLimits.requestMsMax, Math.max(0, msLeft));
  }

  /** What was used, and a share of what is left: what a dead worker's step is charged. */
  withShare(): EgressUsage {
    const { requests, bytes_in, bytes_out, ms } = this.#used;
    const { requests: policyRequests = Infinity, seconds = 0, ...policy } = this.#policy;
    const requestsMax = Math.min(this.#task.requests, policyRequests);
    const bytes = shareOf(this.#task.bytes, bytes_in + bytes_out);
    const sent = Math.ceil(bytes / egressLimits.sentShare);
    return {
      requests: requests + shareOf(requestsMax, requests),
      bytes_in: bytes_in + Math.min(bytes - sent, shareOf(policy.bytes_in ?? Infinity, bytes_in)),
      bytes_out: bytes_out + Math.min(sent, shareOf(policy.bytes_out ?? Infinity, bytes_out)),
      ms: ms + shareOf(seconds * 1000, ms),
    };
  }

  /** Whether everything that was used is charged already. */
  get isCovered(): boolean {
    const { requests, bytes_in, bytes_out, ms } = this.#used;
    return (
      requests <= this.#covered.requests &&
      bytes_in <= this.#covered.bytes_in &&
      bytes_out <= this.#covered.bytes_out &&
      (this.#policy.seconds === undefined || ms <= this.#covered.ms)
    );
  }

  /** Notes that these totals are charged. */
  cover(charge: EgressUsage): void {
    for (const key of Object.keys(charge) as (keyof EgressUsage)[]) {
      this.#covered[key] = Math.max(this.#covered[key], charge[key]);
    }
  }

  /** Ends the share: the next request needs another one. */
  returnShare(): void {
    this.#covered = { ...this.#used };
  }

  #reject(reason: BudgetReason): TakeResult {
    this.#exhausted ??= reason;
    return err(reason);
  }
}

/** Half of what is left, at least a tenth of the limit, never more than what is left. */
function shareOf(max: number, used: number): number {
  const left = max - used;
  const share = Math.ceil(Math.max(left / 2, max / egressLimits.smallestShare));
  return Math.max(0, Math.min(left, share));
}
