/**
 * How long the dashboard's pages take until they are usable with 100,000 tasks: `node test/bench/dashboard.ts`.
 * Milliseconds from the start of a navigation until the data is painted and nothing is disabled, by the page's
 * clock. `first` is the first visit after the fleet's start, `cold` a browser without a cache, `warm` one with it.
 */
import fs from "node:fs";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { prepareDatabase } from "../../producer/local/database.ts";
import { startBrowser } from "../fleet/dashboard/browser.ts";
import { batchTasks, generateTasks, ulid } from "./generated.ts";
import { startFleet, until } from "./load.ts";
import { median } from "./row.ts";

const tasks = 100_000;
const rounds = 5;
const usableMsMax = 1_000;
const hourMs = 3_600_000;

/** Each page, and a selector that matches once its data is shown. */
const pagesOf = (
  task: string,
): readonly (readonly [name: string, path: string, shown: string])[] => [
  ["overview", "/", 'main a[href^="/batches/batch_"]'],
  ["batches", "/batches", 'main a[href^="/batches/batch_"]'],
  ["a batch of 50,000", `/batches/batch_${ulid(0)}`, 'main a[href^="/tasks/task_"]'],
  ["its failures", `/batches/batch_${ulid(0)}?status=failed`, 'main a[href^="/tasks/task_"]'],
  ["tasks", "/tasks", 'main a[href^="/tasks/task_"]'],
  ["a task", `/tasks/${task}`, "main .step"],
];

/** A script that stores in the document when the data was painted and nothing loads any more. */
const recordUsable = (text: string): string => `(() => {
  const check = () => {
    const isUsable = document.querySelector(${JSON.stringify(text)}) !== null
      && document.querySelector("main .bone, main [role=status][aria-label=Loading]") === null
      && document.querySelector("main :disabled") === null;
    if (!isUsable) return requestAnimationFrame(check);
    requestAnimationFrame(() => setTimeout(() => { document.documentElement.dataset.usable = performance.now(); }));
  };
  requestAnimationFrame(check);
})()`;

const readUsableMs = async (page: Page): Promise<number> =>
  Number(await page.locator("[data-usable]").getAttribute("data-usable"));

/** Opens a page in a fresh browser context, and then again. */
async function measurePage(
  browser: Browser,
  fleet: { url: string; key: string },
  [, at, shown]: readonly [name: string, path: string, shown: string],
): Promise<{ cold: number; warm: number }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  await context.addInitScript(
    `sessionStorage.setItem("flotilla.key", ${JSON.stringify(fleet.key)})`,
  );
  await context.addInitScript(recordUsable(shown));
  const page = await context.newPage();
  await page.goto(`${fleet.url}${at}`, { waitUntil: "commit" });
  const cold = await readUsableMs(page);
  await page.goto(`${fleet.url}${at}`, { waitUntil: "commit" });
  const warm = await readUsableMs(page);
  await context.close();
  return { cold, warm };
}

/** Runs a task with three steps, one of them a program. */
async function runTask(fleet: { url: string; key: string }): Promise<string> {
  const headers = { authorization: `Bearer ${fleet.key}`, "content-type": "application/json" };
  const sent = await fetch(`${fleet.url}/v1/tasks`, {
    method: "POST",
    headers,
    body: JSON.stringify({
      prompt: "p",
      rehearsal: [
        { calls: [{ name: "run_code", arguments: { code: "6 * 7" } }] },
        { calls: [{ name: "final_answer", arguments: { text: "42" } }] },
      ],
    }),
  });
  const { id } = (await sent.json()) as { id: string };
  await until(async () => {
    const answer = await fetch(`${fleet.url}/v1/tasks/${id}`, { headers });
    return ((await answer.json()) as { status: string }).status === "succeeded";
  });
  return id;
}

const stateDir = path.resolve(import.meta.dirname, "../../.wrangler/bench-dashboard");
fs.rmSync(stateDir, { recursive: true, force: true });
fs.mkdirSync(stateDir, { recursive: true });
await prepareDatabase(stateDir, []);
generateTasks(stateDir, {
  tasks,
  batches: 1,
  running: false,
  from: Date.now() - hourMs,
  everyMs: hourMs / tasks,
  tenantOf: () => "default",
});
const fleet = await startFleet(stateDir, 8798);
const browser = await startBrowser();
try {
  // The browser's own start does not count.
  await (await browser.newPage()).goto("data:text/html,ready");
  const rows: Record<string, number | string>[] = [];
  for (const page of pagesOf(await runTask(fleet))) {
    const visits: { cold: number; warm: number }[] = [];
    for (let n = 0; n <= rounds; n++) visits.push(await measurePage(browser, fleet, page));
    const [first, ...later] = visits;
    const cold = later.map((visit) => visit.cold);
    const warm = later.map((visit) => visit.warm);
    rows.push({
      page: page[0],
      first: Math.round(first?.cold ?? 0),
      cold: Math.round(median(cold)),
      "cold, maximum": Math.round(Math.max(...cold)),
      warm: Math.round(median(warm)),
      "warm, maximum": Math.round(Math.max(...warm)),
    });
  }
  console.log(`ms until usable, with ${tasks} tasks, ${batchTasks} of them in one batch`);
  console.table(rows);
  if (rows.some(({ cold, warm }) => Number(cold) > usableMsMax || Number(warm) > usableMsMax)) {
    process.exitCode = 1;
  }
} finally {
  await browser.close();
  await fleet.stop();
  fs.rmSync(stateDir, { recursive: true, force: true });
}
