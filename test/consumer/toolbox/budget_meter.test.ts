import { expect, test } from "vitest";
import { BudgetMeter } from "../../../consumer/toolbox/budget_meter.ts";
import { boundsOf } from "../../../shared/spend/budgets.ts";
import { noUsage } from "../../../shared/spend/usage.ts";

const bounds = boundsOf({ tool_calls: 4, cost_usd: 1, egress_requests: 9, egress_bytes: 99 });
const journal = { used: { ...noUsage, tool_calls: 1, cost_usd: 0.5 } };
const idle = { used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 }, exhausted: null };

test("a program's tool calls stop one below the budget, which is left for the step itself", () => {
  const meter = new BudgetMeter(journal, bounds, idle);
  expect([meter.takeToolCall().ok, meter.takeToolCall().ok]).toEqual([true, true]);
  expect(meter.takeToolCall()).toEqual({ ok: false, error: "limits.tool_calls (4) is used up." });
  expect(meter.drainUsage()).toMatchObject({ tool_calls: 2 });
});

test("dollars are reserved up to the budget exactly, and not beyond it", () => {
  const meter = new BudgetMeter(journal, bounds, idle);
  expect(meter.spend(0.25).ok).toBe(true);
  expect(meter.spend(0.26)).toMatchObject({ ok: false, error: expect.stringContaining("$0.26") });
  expect(meter.spend(0.25).ok).toBe(true);
  expect(meter.spend(0.01).ok).toBe(false);
});

test("the usage of a step is drained once, with the gateway's use since the last drain", () => {
  const egress = { egress_requests: 2, egress_bytes: 15, egress_bytes_out: 5, egress_ms: 100 };
  // One request was made before the meter: it counts in the first step.
  const gateway = { ...idle, used: { requests: 3, bytes_in: 12, bytes_out: 5, ms: 110 } };
  const meter = new BudgetMeter({ used: { ...journal.used, ...egress } }, bounds, gateway);
  meter.spend(0.25);
  gateway.used = { requests: 5, bytes_in: 30, bytes_out: 6, ms: 150 };
  expect(meter.drainUsage()).toEqual({
    tool_calls: 0,
    cost_usd: 0.25,
    egress_requests: 3,
    egress_bytes: 21,
    egress_bytes_out: 1,
    egress_ms: 50,
  });
  expect(Object.values(meter.drainUsage())).toEqual([0, 0, 0, 0, 0, 0]);
});

test.each([
  ["budget_requests", { requests: 9, bytes: 99 }],
  ["budget_bytes", { requests: 9, bytes: 99 }],
  ["policy_requests", null],
  [null, null],
] as const)("a gateway that stopped at %s refuses with %j", (exhausted, refusal) => {
  const meter = new BudgetMeter(journal, bounds, { ...idle, exhausted });
  expect(meter.egressRefusal()).toEqual(refusal);
});
