/**
 * Nothing leaves without a trace. Before the first request of a step goes to a host, its row is written with the
 * outcome "unknown", and a share of what is left of the budget is charged. A worker that dies leaves both, so the
 * next one knows that the host may have seen requests, and its budget does not begin where it was before them.
 *
 * One write for each step and host covers all requests that the share covers. A request with effects has a write
 * of its own, because a person must be able to check each of them.
 */

import type { EgressUsage } from "../../shared/spend/usage.ts";
import type { EgressRow } from "../../shared/store/egress/egress_log.ts";
import type { Budget } from "./budget.ts";

export interface Announcement {
  /** With the reason "unknown". */
  row: EgressRow;
  hasEffects: boolean;
  /** The totals of the task if this worker dies: what it used, and the share. */
  charge: EgressUsage;
}

/** "stop" denies the request; so does a rejection. */
export type Announce = (announcement: Announcement) => Promise<"go" | "stop">;

/** Writes the row of a request once more, with a larger share; "stop" when no byte more may be exchanged. */
export type Cover = () => Promise<"go" | "stop">;

export class Announcements {
  readonly #budget: Budget;
  readonly #announce: Announce;
  /** The hosts of the current step. A new map is a new step. */
  #hosts = new Map<string, Promise<"go" | "stop">>();
  #extension: Promise<"go" | "stop"> | null = null;

  constructor(budget: Budget, announce: Announce) {
    this.#budget = budget;
    this.#announce = announce;
  }

  /** Must be awaited before a request is sent, after it was taken from the budget. Never rejects. */
  async admit(row: EgressRow, hasEffects: boolean): Promise<"go" | "stop"> {
    const hosts = this.#hosts;
    const first = hosts.get(row.host);
    const announced = hasEffects || first === undefined ? this.#write(row, hasEffects) : first;
    if (first === undefined) hosts.set(row.host, announced);
    if ((await announced) === "stop") {
      // The next request tries again: a store may be back.
      if (hosts.get(row.host) === announced) hosts.delete(row.host);
      return "stop";
    }
    return this.coverFor(row, hosts)();
  }

  /** Extends the charged share while a request of this step exchanges more than it covers. */
  coverFor(row: EgressRow, hosts = this.#hosts): Cover {
    return async () => {
      while (hosts === this.#hosts && !this.#budget.isCovered) {
        this.#extension ??= this.#write(row, false).finally(() => {
          this.#extension = null;
        });
        if ((await this.#extension) === "stop") return "stop";
      }
      // A request that outlives its step has no row that could name its outcome.
      return hosts === this.#hosts ? "go" : "stop";
    };
  }

  /** The step's usage is about to be journaled, so its share is returned. */
  endStep(): void {
    this.#hosts = new Map();
    this.#budget.returnShare();
  }

  async #write(row: EgressRow, hasEffects: boolean): Promise<"go" | "stop"> {
    const charge = this.#budget.withShare();
    try {
      const answer = await this.#announce({
        row: { ...row, reason: unknownOutcome },
        hasEffects,
        charge,
      });
      if (answer === "go") this.#budget.cover(charge);
      return answer;
    } catch {
      return "stop";
    }
  }
}

/** The reason of a row whose request was announced and whose outcome is not known. */
export const unknownOutcome = "unknown";
