import { configFiles, dataText } from "../data.ts";
import type { ExampleTask } from "../example.ts";
import { duplicates, logAnomalies, logSummary, ticketCounts } from "../ground_truth.ts";
import { afterSeeing, answer, call, run } from "../turns.ts";

const log = { "access.log": { text: dataText("access.log") } };

/** Tasks about logs, customers, tickets and configuration files. */
export const recordTasks: ExampleTask[] = [
  {
    custom_id: "access-log-report",
    prompt:
      "access.log is one day of the shop's web server in combined format, plus the request time in seconds. Write report.md: totals, the path with the most server errors, and a table per hour.",
    files: log,
    labels: { team: "ops" },
    rehearsal: [
      call("read_file", { path: "access.log", limit: 400 }),
      run("log-report"),
      afterSeeing(JSON.stringify(logSummary), call("read_file", { path: "report.md" })),
      afterSeeing(
        `${logSummary.requests} requests, ${logSummary.errors} server errors`,
        answer({
          text: `report.md: ${logSummary.errors} server errors, ${logSummary.worst_count} of them on ${logSummary.worst_path}.`,
        }),
      ),
    ],
  },
  {
    custom_id: "log-anomalies",
    prompt: "Find password guessing, probing for admin pages and outages in access.log.",
    files: log,
    labels: { team: "security" },
    output_schema: {
      type: "object",
      properties: {
        password_guessing: { type: "array", items: { type: "object" } },
        probing: { type: "array", items: { type: "object" } },
        outage: {
          type: "object",
          properties: {
            from: { type: "string" },
            to: { type: "string" },
            failed_checkouts: { type: "integer" },
          },
          required: ["from", "to"],
        },
      },
      required: ["password_guessing", "probing", "outage"],
    },
    rehearsal: [
      run("log-anomalies"),
      afterSeeing(JSON.stringify(logAnomalies), answer(logAnomalies)),
    ],
  },
  {
    custom_id: "dedupe-customers",
    prompt:
      "customers.json has some people twice. Merge by e-mail (ignore case, spaces and +tags), keep the oldest entry, write customers-clean.json and list what was merged.",
    files: { "customers.json": { text: dataText("customers.json") } },
    labels: { team: "crm" },
    output_schema: {
      type: "object",
      properties: {
        before: { type: "integer" },
        after: { type: "integer" },
        merged: {
          type: "array",
          items: {
            type: "object",
            properties: { duplicate: { type: "string" }, into: { type: "string" } },
            required: ["duplicate", "into"],
          },
        },
      },
      required: ["before", "after", "merged"],
    },
    rehearsal: [
      run("dedupe-customers"),
      afterSeeing(JSON.stringify(duplicates), answer(duplicates)),
    ],
  },
  {
    custom_id: "classify-tickets",
    prompt:
      "Sort the tickets into delivery, refund, damaged, invoice, account and question, and list those that are urgent. Write every ticket's class to classified.json.",
    files: { "tickets.json": { text: dataText("tickets.json") } },
    labels: { team: "support" },
    output_schema: {
      type: "object",
      properties: {
        counts: {
          type: "object",
          properties: Object.fromEntries(
            Object.keys(ticketCounts.counts).map((name) => [name, { type: "integer" }]),
          ),
          additionalProperties: false,
        },
        urgent: { type: "array", items: { type: "string", pattern: "^T\\d{4}$" } },
      },
      required: ["counts", "urgent"],
    },
    rehearsal: [
      run("classify-tickets"),
      afterSeeing(JSON.stringify(ticketCounts), answer(ticketCounts)),
    ],
  },
  {
    custom_id: "rename-host",
    prompt:
      "The API moved from api-old.shop.example to api.shop.example. Change it in every file below config/, and change nothing else.",
    files: Object.fromEntries(
      Object.entries(configFiles()).map(([path, text]) => [path, { text }]),
    ),
    labels: { team: "ops" },
    rehearsal: [
      call("list_files", {}),
      afterSeeing("config/worker.toml", run("rename-host")),
      afterSeeing(
        JSON.stringify(Object.keys(configFiles())),
        answer({ text: "Four files below config/ now name api.shop.example." }),
      ),
    ],
  },
];
