/**
 * `npm run demo`: the example batch through the real pipeline on this machine. Starts the orders
 * service and the fleet, submits, follows, redrives what died, compares every task with how it
 * must end, and stops all it started. Exit code 0 only when nothing differs.
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import path from "node:path";
import { FleetClient } from "../producer/cli/client.ts";
import { required, Stop } from "../producer/cli/exit.ts";
import { span } from "../producer/cli/figures.ts";
import { printable } from "../producer/cli/printable.ts";
import { writeResults } from "../producer/cli/results-file.ts";
import { sessionWith } from "../producer/cli/session.ts";
import { processSurroundings } from "../producer/cli/surroundings.ts";
import { table } from "../producer/cli/table.ts";
import { watchBatch, watchTask } from "../producer/cli/watching.ts";
import { type LocalFleet, startLocalFleet } from "../producer/local/fleet.ts";
import { clearStale } from "../producer/local/processes.ts";
import { exampleBatch } from "./batch.ts";
import { differences, leaks } from "./check.ts";
import { expectations, redriven } from "./expectations.ts";
import { freePort, portToUse } from "./port.ts";
import { filesHolding } from "./state-scan.ts";
import { outageOver } from "./tasks/trouble.ts";
import { endHead, endRow, idsByName, traceOf } from "./traces.ts";
import { type OrdersUpstream, startOrdersUpstream } from "./upstream.ts";

const folder = ".wrangler/demo";
const stateDir = path.resolve(import.meta.dirname, "..", folder);
const surroundings = processSurroundings();
const say = (text: string): void => surroundings.write(`${printable(text)}\n`);

/** What must be stopped, the youngest first, however the demo ends. */
const started: { stop(): Promise<void> }[] = [];

async function stopAll(): Promise<void> {
  for (const part of started.splice(0).reverse()) await part.stop();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    void stopAll().finally(() => process.exit(signal === "SIGINT" ? 130 : 143));
  });
}

/** Runs the batch; answers what differs from the expectations, by task. */
async function rehearse(
  fleet: LocalFleet,
  upstream: OrdersUpstream,
  token: string,
): Promise<string[]> {
  const client = new FleetClient({ url: fleet.url, key: fleet.key, fetch });
  const session = sessionWith(client, surroundings);
  const tasks = exampleBatch();
  const lines = tasks.map((task) => `${JSON.stringify(task)}\n`).join("");
  const batch = required(await client.submitLines(lines, `demo-${randomBytes(8).toString("hex")}`));
  say(`${tasks.length} tasks submitted as ${batch.id}.`);
  await watchBatch(session, batch.id);

  const results = required(await client.results(batch.id));
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
    required(await client.redrive("task", id, order));
    await watchTask(session, id);
    await compare(name, expected, `${name}, redriven`);
  }
  if (!upstream.requests.some(({ method, authorized }) => method === "POST" && authorized)) {
    wrong.push("the orders service got no note with the right credential");
  }
  const { interactive, columns } = surroundings;
  surroundings.write(`\n${table(endHead, rows, { coloured: interactive, columns })}\n`);
  await writeResults(
    path.join(stateDir, "results.jsonl"),
    required(await client.results(batch.id)),
  );
  return wrong;
}

async function main(): Promise<number> {
  const startedAt = Date.now();
  const token = randomBytes(24).toString("base64url");
  const port = await portToUse(process.env.PORT);
  if (port.note !== null) say(port.note);
  // A fleet of an interrupted demo is ended before its state goes.
  await clearStale(stateDir);
  rmSync(stateDir, { recursive: true, force: true });

  const upstream = await startOrdersUpstream({ token, port: await freePort() });
  started.push(upstream);
  say("Starting the fleet: both Workers, D1, R2, Queues and the sandbox, on this machine …");
  const fleet = await startLocalFleet({
    port: port.port,
    stateDir,
    environment: {
      FLEET_API_KEY: process.env.FLEET_API_KEY,
      SECRET_ORDERS_TOKEN: token,
      FLEET_HOSTS: `orders.example=${upstream.url}`,
    },
    quiet: true,
    onExit: () => {
      say(`The fleet ended by itself; its log is ${folder}/fleet.log.`);
      void stopAll().finally(() => process.exit(1));
    },
  });
  started.push(fleet);
  say(`The API is at ${fleet.url} after ${span(Date.now() - startedAt)}.`);
  const wrong = await rehearse(fleet, upstream, token);
  await stopAll();

  wrong.push(...filesHolding(stateDir, token).map((file) => `the credential stands in ${file}`));
  say(`\nThe results are in ${folder}/results.jsonl, the fleet's log in ${folder}/fleet.log.`);
  say(
    `To look around: STATE_DIR=${folder} npm start, then npx fleet list, or the API at ${fleet.url}.`,
  );
  if (wrong.length > 0) {
    say(`\n${wrong.length} differences from how the examples must end:`);
    for (const difference of wrong) say(`  ${difference}`);
    return 1;
  }
  say(`\nEvery task ended as it must, in ${span(Date.now() - startedAt)}.`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const told = error instanceof Stop || error instanceof Error ? error.message : String(error);
  surroundings.warn(`${printable(told)}\n`);
  process.exitCode = 1;
} finally {
  await stopAll();
}
