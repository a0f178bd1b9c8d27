import type { Reason, Status } from "../shared/task/states.ts";
import {
  boughtTogether,
  byCategory,
  currencyTotals,
  duplicates,
  logAnomalies,
  logSummary,
  lowStock,
  ordersWithNotes,
  pendingOrders,
  refundRate,
  revenueByCountry,
  ticketCounts,
  topProducts,
  unitsOrdered,
} from "./ground_truth.ts";

/** How an example task must end; the demo fails if anything differs. */
export interface Expectation {
  status: Status;
  reason: Reason;
  /** The exact output, or words that its `text` must contain. */
  output?: Record<string, unknown>;
  text?: string;
  /** Words that a workspace file must contain, and words that it must not, by path. */
  files?: Record<string, { contains: string[]; excludes?: string[] }>;
  /** The names of the tool steps in order; a rejected final answer is one, the accepted one is not. */
  tools?: string[];
  /** Quirks that must be recorded; others may be. */
  quirks?: string[];
  /** The number of requests in the egress log, by decision. */
  egress?: { allow?: number; inject?: number; deny?: number };
}

const completed = { status: "succeeded", reason: "completed" } as const;
const hours = Array.from({ length: 24 }, (_, hour) => `| ${String(hour).padStart(2, "0")} |`);

/** By `custom_id`. */
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
        contains: Object.entries(byCategory).map(
          ([name, { orders, units }]) => `${name},${orders},${units}\n`,
        ),
      },
    },
  },
  "top-products": { ...completed, text: `${topProducts[0]?.name}: ${topProducts[0]?.units}` },
  "currency-totals": { ...completed, output: currencyTotals },
  "orders-with-notes": {
    ...completed,
    text: `${ordersWithNotes.rows} orders`,
    files: {
      "notes.md": { contains: ["| order | date |", ordersWithNotes.first, 'it "fragile" |'] },
    },
  },
  "purchase-plan": {
    ...completed,
    output: lowStock,
    files: { "purchase-plan.csv": { contains: ["sku,buy\n", "BRW-05,"] } },
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
    files: { "report.md": { contains: ["# Access log", ...hours] } },
  },
  "log-anomalies": { ...completed, output: logAnomalies },
  "dedupe-customers": {
    ...completed,
    output: duplicates,
    files: { "customers-clean.json": { contains: ['"C1004"', '"C1222"'], excludes: ['"C1223"'] } },
  },
  "classify-tickets": {
    ...completed,
    output: ticketCounts,
    files: { "classified.json": { contains: ['{"id":"T7001",', '{"id":"T7140",'] } },
  },
  "ticket-votes": { ...completed, output: { label: "refund", order: "O50701" } },
  "rename-host": {
    ...completed,
    text: "Four files",
    files: {
      "config/shop.toml": {
        contains: [
          "https://api.shop.example/v1",
          "# The storefront.",
          "https://static.shop.example",
        ],
        excludes: ["api-old"],
      },
      "config/worker.toml": {
        contains: ["https://api.shop.example/v1/batch"],
        excludes: ["api-old"],
      },
      "config/monitoring.json": {
        contains: ["https://api.shop.example/healthz"],
        excludes: ["api-old"],
      },
      "config/runbook.md": {
        contains: ["https://api.shop.example/healthz"],
        excludes: ["api-old"],
      },
    },
  },
  "pending-orders": {
    ...completed,
    output: pendingOrders,
    tools: ["fetch_url", "run_code", "fetch_url"],
    egress: { inject: 2 + pendingOrders.pages },
  },
  "credential-stays-hidden": { ...completed, text: "scrubbed", egress: { inject: 1 } },
  "unlisted-host": { ...completed, text: "does not permit", egress: { deny: 1 } },
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

/** How a dead task must end after its redrive with other turns. */
export const redriveExpectations: Record<string, Expectation> = {
  "model-outage": { ...completed, text: `${unitsOrdered} units` },
};
