/**
 * `npm run demo`: the example batch through the real pipeline on this machine. Starts the orders
 * service and the fleet, submits, follows, redrives what died, compares every task with how it
 * must end, and stops all it started. Exit code 0 only when nothing differs.
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import path from "node:path";
import { fleetFor, resultsOf, submitted } from "../producer/cli/connection.ts";
import { writeResults } from "../producer/cli/csv/results_file.ts";
import { required, Stop } from "../producer/cli/exit.ts";
import { span } from "../producer/cli/output/format.ts";
import { printable } from "../producer/cli/output/printable.ts";
import { table } from "../producer/cli/output/table.ts";
import { sessionWith } from "../producer/cli/session.ts";
import { type CliContext, processSurroundings } from "../producer/cli/surroundings.ts";
import { watchBatch, watchTask } from "../producer/cli/watching.ts";
import { type DevServer, startDevServer } from "../producer/local/dev_server.ts";
import { claimState } from "../producer/local/processes.ts";
import { exampleBatch } from "./batch.ts";
import { differences, leaks } from "./check.ts";
import { expectations, redriven } from "./expectations.ts";
import { placeOfDemo } from "./place.ts";
import { filesHolding } from "./state-scan.ts";
import { outageOver } from "./tasks/trouble.ts";
import { endHead, endRow, idsByName, traceOf } from "./traces.ts";
import { type OrdersUpstream, startOrdersUpstream } from "./upstream.ts";

/** Many times what the batch needs on a slow machine: a fleet that hangs must not hang the demo. */
const deadlineMs = 240_000;
const startNoteMs = 3_000;
const tableCharsMax = 160;
const root = path.resolve(import.meta.dirname, "..");
let stopping = false;
const surroundings: CliContext = {
  ...processSurroundings(),
  // A fleet that stops because it was told to is no news.
  warn: (text) => void (stopping || process.stderr.write(text)),
};
const say = (text: string): void => surroundings.write(`${printable(text)}\n`);

/** What must be stopped, the youngest first, however the demo ends. */
const started: { stop(): Promise<void> }[] = [];

async function stopAll(): Promise<void> {
  for (const part of started.splice(0).reverse()) await part.stop();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    stopping = true;
    say("\nStopping the fleet …");
    void stopAll().finally(() => process.exit(signal === "SIGINT" ? 130 : 143));
  });
}

const deadline = setTimeout(() => {
  stopping = true;
  say(
    `\nThe demo did not end within ${span(deadlineMs)}; fleet.log in the state folder says more.`,
  );
  void stopAll().finally(() => process.exit(1));
}, deadlineMs);

/** Runs the batch; answers its id, and what differs from the expectations, by task. */
async function rehearse(
  fleet: DevServer,
  upstream: OrdersUpstream,
  token: string,
  resultsFile: string,
): Promise<{ batch: string; wrong: string[] }> {
  const client = fleetFor({ url: fleet.url, key: fleet.key, fetch });
  const session = sessionWith({ url: fleet.url, client }, surroundings);
  const tasks = exampleBatch();
  const lines = tasks.map((task) => `${JSON.stringify(task)}\n`).join("");
  const batch = required(
    await submitted(
      client,
      { body: lines, type: "application/x-ndjson", query: {} },
      `demo-${randomBytes(8).toString("hex")}`,
    ),
  );
  say(`${tasks.length} tasks submitted as ${batch.id}.`);
  const key = process.env.FLEET_API_KEY ? "your key" : `the key ${fleet.key}`;
  say(`In a browser, with ${key}: ${fleet.url}/batches/${batch.id}`);
  await watchBatch(session, batch.id);

  const results = await resultsOf(client, batch.id);
  const ids = idsByName(results);
  const wrong: string[] =
    results.length === tasks.length ? [] : [`${results.length} results of ${tasks.length} tasks`];
  const rows: string[][] = [];
  const compare = async (
    name: string,
    expected: (typeof expectations)[string] | undefined,
    shownAs: string,
  ): Promise<void> => {
    const id = ids.get(name);
    if (id === undefined || expected === undefined) {
      wrong.push(`${name}: ${id === undefined ? "has no result" : "has no expectation"}`);
      return;
    }
    const trace = await traceOf(client, id, expected);
    const found = [...differences(expected, trace), ...leaks(token, trace)];
    wrong.push(...found.map((difference) => `${name}: ${difference}`));
    rows.push(endRow(shownAs, trace.task, found.length === 0));
  };
  for (const { custom_id: name } of tasks) await compare(name, expectations[name], name);

  for (const [name, expected] of Object.entries(redriven)) {
    const id = ids.get(name);
    if (id === undefined) continue;
    say(`\nRedriving ${name}, whose model is back:`);
    const order = { mode: "restart", overrides: { rehearsal: outageOver } } as const;
    required(await client("POST /v1/tasks/:id/redrive", { id, body: order }));
    await watchTask(session, id);
    await compare(name, expected, `${name}, redriven`);
  }
  if (!upstream.requests.some(({ method, authorized }) => method === "POST" && authorized)) {
    wrong.push("the orders service got no note with the right credential");
  }
  const { coloured, columns } = surroundings;
  const width = Math.min(columns, tableCharsMax);
  surroundings.write(`\n${table(endHead, rows, { coloured, columns: width })}\n`);
  await writeResults(resultsFile, await resultsOf(client, batch.id));
  say(`\nThe results: ${shown(resultsFile)}, or npx fleet results ${batch.id} while a fleet runs.`);
  return { batch: batch.id, wrong };
}

/** Says now and then that the fleet is still starting: a first start takes a while. */
function sayWaiting(): { stop(): void } {
  const since = Date.now();
  const timer = setInterval(
    () => say(`  still starting, after ${span(Date.now() - since)} …`),
    startNoteMs,
  );
  return { stop: () => clearInterval(timer) };
}

async function main(): Promise<number> {
  const startedAt = Date.now();
  const token = randomBytes(24).toString("base64url");
  const place = await placeOfDemo(process.env);
  const stateDir = path.resolve(root, place.stateDir);
  if (place.note !== null) say(place.note);
  if (place.fresh) {
    // The fleet of an interrupted demo is ended before its state goes.
    await claimState(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  }
  const upstream = await startOrdersUpstream({ token, port: 0 });
  started.push(upstream);
  say("Starting the fleet: both Workers, D1, R2, Queues and the sandbox, on this machine …");
  const waiting = sayWaiting();
  const fleet = await startDevServer({
    port: place.port,
    stateDir,
    environment: {
      FLEET_API_KEY: process.env.FLEET_API_KEY,
      SECRET_ORDERS_TOKEN: token,
      FLEET_HOSTS: `orders.example=${upstream.url}`,
    },
    quiet: true,
    onExit: () => {
      say("The fleet ended by itself; fleet.log in the state folder holds its last words.");
      void stopAll().finally(() => process.exit(1));
    },
  }).finally(waiting.stop);
  started.push(fleet);
  say(`The API is at ${fleet.url} after ${span(Date.now() - startedAt)}.`);
  const resultsFile = path.join(stateDir, "demo-results.jsonl");
  const { batch, wrong } = await rehearse(fleet, upstream, token, resultsFile);
  await stopAll();

  wrong.push(...filesHolding(stateDir, token).map((file) => `the credential stands in ${file}`));
  const again = place.stateDir === ".wrangler/state" ? "" : `STATE_DIR=${place.stateDir} `;
  say(`To look at them: ${again}npm start serves them again, and in a browser the batch is at`);
  say(`http://127.0.0.1:8787/batches/${batch}`);
  say(`The fleet's log: ${shown(fleet.logFile)}.`);
  if (wrong.length > 0) {
    say(`\n${wrong.length} differences from how the examples must end:`);
    for (const difference of wrong) say(`  ${difference}`);
    return 1;
  }
  say(`\nEvery task ended as it must, in ${span(Date.now() - startedAt)}.`);
  return 0;
}

/** A path as a person at the repository's root would type it. */
function shown(file: string): string {
  const relative = path.relative(root, file);
  return relative.startsWith("..") ? file : relative;
}

try {
  process.exitCode = await main();
} catch (error) {
  const told = error instanceof Stop || error instanceof Error ? error.message : String(error);
  surroundings.warn(`${printable(told)}\n`);
  process.exitCode = 1;
} finally {
  await stopAll();
  clearTimeout(deadline);
}
