/**
 * `npm run demo`: the example batch through the real pipeline on this machine. Starts the orders service and
 * the fleet, submits and watches the batch, redrives what died, compares every task with its expectation,
 * and stops everything it started. Exit code 0 only if nothing differs.
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import path from "node:path";
import { connectTo, fetchResults, submitBatch } from "../../producer/cli/connection.ts";
import { type CliContext, processContext } from "../../producer/cli/context.ts";
import { writeResults } from "../../producer/cli/csv/results_file.ts";
import { unwrap } from "../../producer/cli/exit.ts";
import { span } from "../../producer/cli/output/format.ts";
import { printable } from "../../producer/cli/output/printable.ts";
import { table } from "../../producer/cli/output/table.ts";
import { sessionFor } from "../../producer/cli/session.ts";
import { watchBatch } from "../../producer/cli/watch/watch_batch.ts";
import { watchTask } from "../../producer/cli/watch/watch_task.ts";
import { buildAll } from "../../producer/local/build.ts";
import { type DevServer, startDevServer } from "../../producer/local/dev_server.ts";
import { claimState } from "../../producer/local/processes.ts";
import { exampleBatch } from "../batch.ts";
import { type Expectation, expectations, redriveExpectations } from "../expectations.ts";
import { turnsAfterOutage } from "../tasks/failures.ts";
import { findDifferences, findLeaks } from "./check.ts";
import { type OrdersService, startOrdersService } from "./orders_service.ts";
import { choosePlace } from "./place.ts";
import { filesContaining } from "./state_scan.ts";
import { fetchTrace, finalHead, finalRow, idsByCustomId } from "./traces.ts";

/** Many times what the batch needs on a slow machine: a hanging fleet must not hang the demo. */
const deadlineMs = 240_000;
const startNoteMs = 3_000;
const tableCharsMax = 160;
const root = path.resolve(import.meta.dirname, "../..");
let stopping = false;
const context: CliContext = {
  ...processContext(),
  // While the demo stops the fleet, its warnings are expected.
  warn: (text) => void (stopping || process.stderr.write(text)),
};
const print = (text: string): void => context.write(`${printable(text)}\n`);

/** What must be stopped at the end, the last started first. */
const started: { stop(): Promise<void> }[] = [];

async function stopAll(): Promise<void> {
  for (const part of started.splice(0).reverse()) await part.stop();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    stopping = true;
    print("\nStopping the fleet …");
    void stopAll().finally(() => process.exit(signal === "SIGINT" ? 130 : 143));
  });
}

const deadline = setTimeout(() => {
  stopping = true;
  print(`\nThe demo did not finish within ${span(deadlineMs)}. See fleet.log in the state folder.`);
  void stopAll().finally(() => process.exit(1));
}, deadlineMs);

interface Run {
  fleet: DevServer;
  service: OrdersService;
  /** The credential that no agent may see. */
  token: string;
  resultsFile: string;
}

/** Runs the batch. Returns its id, and how its tasks differ from their expectations. */
async function runBatch(run: Run): Promise<{ batch: string; failures: string[] }> {
  const { fleet, service, token, resultsFile } = run;
  const client = connectTo({ url: fleet.url, key: fleet.key, fetch });
  const session = sessionFor({ url: fleet.url, client }, context);
  const tasks = exampleBatch();
  const body = tasks.map((task) => `${JSON.stringify(task)}\n`).join("");
  const key = `demo-${randomBytes(8).toString("hex")}`;
  const batch = unwrap(
    await submitBatch(client, { body, type: "application/x-ndjson", query: {} }, key),
  );
  print(`${tasks.length} tasks submitted as ${batch.id}.`);
  const apiKey = process.env.FLEET_API_KEY ? "your key" : `the key ${fleet.key}`;
  print(`In a browser, with ${apiKey}: ${fleet.url}/batches/${batch.id}`);
  await watchBatch(session, batch.id);

  const results = await fetchResults(client, batch.id);
  const ids = idsByCustomId(results);
  const failures: string[] =
    results.length === tasks.length ? [] : [`${results.length} results of ${tasks.length} tasks`];
  const rows: string[][] = [];
  const check = async (name: string, expected: Expectation | undefined, label: string) => {
    const id = ids.get(name);
    if (id === undefined || expected === undefined) {
      failures.push(`${name}: has no ${id === undefined ? "result" : "expectation"}`);
      return;
    }
    const trace = await fetchTrace(client, id, expected);
    const found = [...findDifferences(expected, trace), ...findLeaks(token, trace)];
    failures.push(...found.map((difference) => `${name}: ${difference}`));
    rows.push(finalRow(label, trace.task, found.length === 0));
  };
  for (const { custom_id: name } of tasks) await check(name, expectations[name], name);
  for (const [name, expected] of Object.entries(redriveExpectations)) {
    const id = ids.get(name);
    if (id === undefined) continue;
    print(`\nRedriving ${name}, whose model works again:`);
    const order = { mode: "restart", overrides: { rehearsal: turnsAfterOutage } } as const;
    unwrap(await client("POST /v1/tasks/:id/redrive", { id, body: order }));
    await watchTask(session, id);
    await check(name, expected, `${name}, redriven`);
  }
  if (!service.requests.some(({ method, authorized }) => method === "POST" && authorized)) {
    failures.push("the orders service got no note with the correct credential");
  }
  const { coloured, columns } = context;
  const style = { coloured, columns: Math.min(columns, tableCharsMax) };
  context.write(`\n${table(finalHead, rows, style)}\n`);
  await writeResults(resultsFile, await fetchResults(client, batch.id));
  print(`\nResults: ${fromRoot(resultsFile)}. While a fleet runs: npx fleet results ${batch.id}`);
  return { batch: batch.id, failures };
}

/** Prints that the fleet is still starting: a first start takes a while. */
function printWaiting(): { stop(): void } {
  const since = Date.now();
  const timer = setInterval(
    () => print(`  still starting, after ${span(Date.now() - since)} …`),
    startNoteMs,
  );
  return { stop: () => clearInterval(timer) };
}

async function main(): Promise<number> {
  const startedAt = Date.now();
  const token = randomBytes(24).toString("base64url");
  const place = await choosePlace(process.env);
  const stateDir = path.resolve(root, place.stateDir);
  if (place.note !== null) print(place.note);
  if (place.isTemporary) {
    // Ends the fleet of an interrupted demo before its state is removed.
    await claimState(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  }
  await buildAll();
  const service = await startOrdersService({ token, port: 0 });
  started.push(service);
  print("Starting the fleet on this machine: both Workers, D1, R2, Queues and the sandbox …");
  const waiting = printWaiting();
  const fleet = await startDevServer({
    port: place.port,
    stateDir,
    environment: {
      FLEET_API_KEY: process.env.FLEET_API_KEY,
      SECRET_ORDERS_TOKEN: token,
      FLEET_HOSTS: `orders.example=${service.url}`,
    },
    quiet: true,
    onExit: () => {
      print("The fleet exited unexpectedly. See fleet.log in the state folder.");
      void stopAll().finally(() => process.exit(1));
    },
  }).finally(waiting.stop);
  started.push(fleet);
  print(`The API is at ${fleet.url} after ${span(Date.now() - startedAt)}.`);
  const resultsFile = path.join(stateDir, "demo-results.jsonl");
  const { batch, failures } = await runBatch({ fleet, service, token, resultsFile });
  await stopAll();

  failures.push(...filesContaining(stateDir, token).map((file) => `the credential is in ${file}`));
  const variables = place.stateDir === ".wrangler/state" ? "" : `STATE_DIR=${place.stateDir} `;
  print(`To look at the tasks, run ${variables}npm start. In a browser, the batch is at`);
  print(`http://127.0.0.1:8787/batches/${batch}`);
  print(`The fleet's log: ${fromRoot(fleet.logFile)}`);
  if (failures.length > 0) {
    print(`\n${failures.length} differences from the expectations:`);
    for (const failure of failures) print(`  ${failure}`);
    return 1;
  }
  print(`\nEvery task ended as expected, in ${span(Date.now() - startedAt)}.`);
  return 0;
}

/** A path relative to the repository, if it is inside. */
function fromRoot(file: string): string {
  const relative = path.relative(root, file);
  return relative.startsWith("..") ? file : relative;
}

try {
  process.exitCode = await main();
} catch (error) {
  context.warn(`${printable(error instanceof Error ? error.message : String(error))}\n`);
  process.exitCode = 1;
} finally {
  await stopAll();
  clearTimeout(deadline);
}
