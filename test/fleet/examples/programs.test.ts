import vm from "node:vm";
import { describe, expect, test } from "vitest";
import { configFiles, dataText, programText } from "../../../examples/data.ts";
import { startOrdersService } from "../../../examples/demo/orders_service.ts";
import * as truth from "../../../examples/ground_truth.ts";

const dataNames = ["orders.csv", "products.csv", "customers.json", "tickets.json", "access.log"];

/** Runs a program on a copy of the data as the sandbox would, and returns its output. */
async function runProgram(
  name: string,
  fetchIt?: (url: string) => Promise<Response>,
  timeout = 10_000,
): Promise<{ out: string; files: Record<string, string> }> {
  const files: Record<string, string> = { ...configFiles() };
  for (const file of dataNames) files[file] = dataText(file);
  const lines: string[] = [];
  const readFileSync = (path: string) => files[path];
  const writeFileSync = (path: string, text: string) => {
    files[path] = text;
  };
  const readdirSync = (folder: string) =>
    Object.keys(files).flatMap((path) =>
      path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : [],
    );
  const fs = { readFileSync, writeFileSync, readdirSync };
  const globals = {
    fs,
    require: () => fs,
    promises: { readFile: async (path: string) => files[path] },
    console: { log: (line: string) => lines.push(line) },
    read_file: async ({ path }: { path: string }) => files[path],
    write_file: async ({ path, content }: { path: string; content: string }) => {
      files[path] = content;
    },
    fetch: fetchIt,
  };
  // A script cannot import: the one module that the programs use is a global instead.
  const source = programText(name)
    .replace(/^import fs from "node:fs";$/m, "")
    .replace('await import("node:fs/promises")', "promises");
  await vm.runInNewContext(`(async () => { ${source} })()`, globals, { timeout });
  return { out: lines.join("\n"), files };
}

const cases: [program: string, finds: string][] = [
  ["revenue-by-country", JSON.stringify(truth.revenueByCountry)],
  ["join-products", JSON.stringify({ categories: truth.byCategory, unknown: 0 })],
  ["top-products", JSON.stringify(truth.topProducts)],
  ["currency-totals", JSON.stringify(truth.currencyTotals)],
  ["orders-table", `rows: ${truth.ordersWithNotes.rows}, quoted: ${truth.ordersWithNotes.quoted}`],
  ["low-stock", JSON.stringify(truth.lowStock)],
  ["bounded-pairs", JSON.stringify(truth.boughtTogether)],
  ["refund-rate", JSON.stringify(truth.refundRate)],
  ["log-report", JSON.stringify(truth.logSummary)],
  ["log-anomalies", JSON.stringify(truth.logAnomalies)],
  ["dedupe-customers", JSON.stringify(truth.duplicates)],
  ["classify-tickets", JSON.stringify(truth.ticketCounts)],
  ["rename-host", JSON.stringify(Object.keys(configFiles()))],
  ["ended-loop", `units: ${truth.unitsOrdered}`],
];

describe("the output of each program equals an independent computation", () => {
  test.each(cases)("%s", async (program, finds) => {
    expect((await runProgram(program)).out).toBe(finds);
  });

  test("api-orders reads page by page from the service", async () => {
    const upstream = await startOrdersService({ token: "t", port: 0 });
    const fetchOrders = (url: string) =>
      fetch(url.replace("https://orders.example", upstream.url), {
        headers: { authorization: "Bearer t" },
      });
    const { out } = await runProgram("api-orders", fetchOrders);
    await upstream.stop();
    expect(out).toBe(JSON.stringify(truth.pendingOrders));
    expect(truth.pendingOrders.pages).toBeGreaterThan(1);
  });

  test("rename-host changes the host and nothing else", async () => {
    const { files } = await runProgram("rename-host");
    const readBack = Object.keys(configFiles()).map((path) => [
      path,
      files[path]?.replaceAll("api.shop.example", "api-old.shop.example"),
    ]);
    expect(Object.fromEntries(readBack)).toEqual(configFiles());
    expect(files["config/shop.toml"]).not.toContain("api-old");
  });

  test.each(["endless-loop"])("%s does not end by itself", async (program) => {
    await expect(runProgram(program, undefined, 200)).rejects.toThrow("timed out");
  });
});

describe("numbers in the documentation", () => {
  test("match the data", () => {
    expect(truth.unitsOrdered).toBe(3_933);
    expect(truth.logSummary).toMatchObject({ requests: 988, errors: 52, worst_path: "/checkout" });
    expect(truth.duplicates).toMatchObject({ before: 240, after: 222 });
    expect(truth.revenueByCountry[0]).toEqual({ country: "FR", orders: 93, revenue_eur: 20458.9 });
  });
});
