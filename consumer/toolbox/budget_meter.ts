/** What programs' tool calls, paid tools and requests use within a step, until the step's usage is drained. */

import { err, ok, type Result } from "../../shared/result.ts";
import type { Bounds } from "../../shared/spend/budgets.ts";
import { egressUsageOf, type Usage, usageOfEgress } from "../../shared/spend/usage.ts";
import type { ToolPayload } from "../../shared/task/step.ts";
import type { Gateway } from "../egress/gateway.ts";

export class BudgetMeter {
  readonly #journal: { readonly used: Usage };
  readonly #bounds: Bounds;
  readonly #gateway: Pick<Gateway, "used" | "exhausted">;
  #drainedUsage: Gateway["used"];
  #toolCalls = 0;
  #dollars = 0;

  /** `journal.used` is what the task has used so far, without what this meter still holds. */
  constructor(
    journal: { readonly used: Usage },
    bounds: Bounds,
    gateway: Pick<Gateway, "used" | "exhausted">,
  ) {
    this.#journal = journal;
    this.#bounds = bounds;
    this.#gateway = gateway;
    // Requests before this meter, such as those that list MCP tools, are drained with the first step.
    this.#drainedUsage = egressUsageOf(journal.used);
  }

  /** Counts a program's tool call. One call is left for the step itself, so that it can be journaled. */
  takeToolCall(): Result<void, string> {
    const max = this.#bounds.tool_calls;
    if (this.#journal.used.tool_calls + this.#toolCalls + 1 >= max)
      return err(`limits.tool_calls (${max}) is used up.`);
    this.#toolCalls += 1;
    return ok(undefined);
  }

  /** Reserves dollars before they are spent. The error is a sentence for the model. */
  spend(dollars: number): Result<void, string> {
    const max = this.#bounds.cost_usd;
    if (this.#journal.used.cost_usd + this.#dollars + dollars > max)
      return err(
        `This costs $${dollars}, and limits.cost_usd ($${max}) leaves less. Continue without it.`,
      );
    this.#dollars += dollars;
    return ok(undefined);
  }

  /** The task's egress limits, once they have refused a request; the limits of a policy end no task. */
  egressRefusal(): NonNullable<ToolPayload["egress_refused"]> | null {
    const { exhausted } = this.#gateway;
    if (exhausted !== "budget_requests" && exhausted !== "budget_bytes") return null;
    return { requests: this.#bounds.egress_requests, bytes: this.#bounds.egress_bytes };
  }

  /** What was used since the last call. */
  drainUsage(): Partial<Usage> & { tool_calls: number } {
    const now = this.#gateway.used;
    const before = this.#drainedUsage;
    const usage = {
      tool_calls: this.#toolCalls,
      cost_usd: this.#dollars,
      ...usageOfEgress({
        requests: now.requests - before.requests,
        bytes_in: now.bytes_in - before.bytes_in,
        bytes_out: now.bytes_out - before.bytes_out,
        ms: now.ms - before.ms,
      }),
    };
    this.#toolCalls = 0;
    this.#dollars = 0;
    this.#drainedUsage = now;
    return usage;
  }
}
