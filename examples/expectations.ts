import type { Reason, Status } from "../shared/states.ts";
import {
  boughtTogether,
  byCategory,
  currencyTotals,
  duplicates,
  logAnomalies,
  logSummary,
  lowStock,
  notedOrders,
  pendingOrders,
  refundRate,
  revenueByCountry,
  ticketCounts,
  topProducts,
  unitsOrdered,
} from "./truth.ts";

/** How one example task must end; the demo fails when any of it differs. */
export interface Expectation {
  status: Status;
  reason: Reason;
  /** The output, equal in every part; or words that its `text` holds. */
  output?: Record<string, unknown>;
  text?: string;
  /** Workspace file to words that it must hold, and to words that it must not. */
  files?: Record<string, { holds: string[]; lacks?: string[] }>;
  /** The names of the tool steps in order; the answer that ends a task is not one, a refused one is. */
  tools?: string[];
  /** Repairs that must be recorded, among others. */
  quirks?: string[];
  /** Requests in the egress log by what was decided of them. */
  egress?: { allow?: number; inject?: number; deny?: number };
}

const completed = { status: "succeeded", reason: "completed" } as const;
const hours = Array.from({ length: 24 }, (_, hour) => `| ${String(hour).padStart(2, "0")} |`);

/** `custom_id` to how the task must end. */
export const expectations: Record<string, Expectation> = {
  "revenue-by-country": {
    ...completed,
    output: { countries: revenueByCountry },
    tools: ["list_files", "read_file", "run_code"],
  },
  "join-products": {
    ...completed,
    text: "six categories",
    files: {
      "by-category.csv": {
        holds: Object.entries(byCategory).map(
          ([name, { orders, units }]) => `${name},${orders},${units}\n`,
        ),
      },
    },
  },
  "top-products": { ...completed, text: `${topProducts[0]?.name}: ${topProducts[0]?.units}` },
  "currency-totals": { ...completed, output: currencyTotals },
  "orders-with-notes": {
    ...completed,
    text: `${notedOrders.rows} orders`,
    files: { "notes.md": { holds: ["| order | date |", notedOrders.first, 'it "fragile" |'] } },
  },
  "purchase-plan": {
    ...completed,
    output: lowStock,
    files: { "purchase-plan.csv": { holds: ["sku,buy\n", "BRW-05,"] } },
  },
  "runaway-memory": {
    ...completed,
    output: boughtTogether,
    tools: ["run_code", "run_code"],
  },
  "answer-corrected": {
    ...completed,
    output: { ...refundRate },
    tools: ["run_code", "final_answer"],
  },
  "access-log-report": {
    ...completed,
    text: `${logSummary.worst_count} of them on ${logSummary.worst_path}`,
    files: { "report.md": { holds: ["# Access log", ...hours] } },
  },
  "log-anomalies": { ...completed, output: logAnomalies },
  "dedupe-customers": {
    ...completed,
    output: duplicates,
    files: { "customers-clean.json": { holds: ['"C1004"', '"C1222"'], lacks: ['"C1223"'] } },
  },
  "classify-tickets": {
    ...completed,
    output: ticketCounts,
    files: { "classified.json": { holds: ['{"id":"T7001",', '{"id":"T7140",'] } },
  },
  "rename-host": {
    ...completed,
    text: "Four files",
    files: {
      "config/shop.toml": {
        holds: ["https://api.shop.example/v1", "# The storefront.", "https://static.shop.example"],
        lacks: ["api-old"],
      },
      "config/worker.toml": { holds: ["https://api.shop.example/v1/batch"], lacks: ["api-old"] },
      "config/monitoring.json": { holds: ["https://api.shop.example/healthz"], lacks: ["api-old"] },
      "config/runbook.md": { holds: ["https://api.shop.example/healthz"], lacks: ["api-old"] },
    },
  },
  "pending-orders": {
    ...completed,
    output: pendingOrders,
    tools: ["fetch_url", "run_code", "fetch_url"],
    egress: { inject: 2 + pendingOrders.pages },
  },
  "credential-stays-hidden": { ...completed, text: "scrubbed", egress: { inject: 1 } },
  "unlisted-host": { ...completed, text: "does not let me", egress: { deny: 1 } },
  "injected-instructions": { ...completed, text: "all four", egress: { deny: 4 } },
  "runaway-loop": {
    ...completed,
    text: `${unitsOrdered} units`,
    tools: ["run_code", "run_code"],
  },
  "damaged-tool-call": {
    ...completed,
    text: refundRate.month,
    quirks: ["json_repaired", "tool_name_cleaned", "arguments_encoded_twice"],
  },
  "leaked-tool-call": { ...completed, text: `EUR ${currencyTotals.EUR}`, tools: ["run_code"] },
  "step-budget": { status: "failed", reason: "budget_steps" },
  "flaky-model": { ...completed, text: `${unitsOrdered} units` },
  "model-outage": { status: "dead", reason: "attempts_exhausted" },
};

/** How the dead task ends after its redrive with other turns. */
export const redriven: Record<string, Expectation> = {
  "model-outage": { ...completed, text: `${unitsOrdered} units` },
};
