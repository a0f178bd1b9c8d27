/**
 * One local fleet and one browser for all tests: a batch of three tasks with different outcomes, and a batch
 * of 50,000 for another tenant. Each test opens its own pages. After each test: no request left the origin,
 * no script threw, and the page's policy blocked nothing.
 */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { prepareDatabase } from "../../../producer/local/database.ts";
import type { DevServer } from "../../../producer/local/dev_server.ts";
import { batchTasks, generateTasks } from "../../bench/generated.ts";
import { apiOf, newState, startFleet, until } from "../local/fleet.ts";
import { openPage, type RecordedPage, startBrowser } from "./browser.ts";
import { hostileText, longHostileText } from "./hostile_text.ts";

export interface Fixture {
  readonly fleet: DevServer;
  readonly batch: string;
  /** A finished evaluation. */
  readonly evaluation: string;
  /** The id of a task of the batch, by its custom id. */
  task(name: string): string;
  /** A key of another tenant. */
  keyFor(tenant: string): Promise<string>;
  /** Opens a page with the operator's key, with another key, or (null) without one. */
  open(options?: Parameters<Browser["newContext"]>[0], key?: string | null): Promise<RecordedPage>;
}

const startMsMax = 180_000;
const desktop = { viewport: { width: 1280, height: 860 } };
const answers = (text: string) => [{ calls: [{ name: "final_answer", arguments: { text } }] }];

/** A task that succeeds, one with hostile text, and one whose only attempt meets an outage. */
const tasks = [
  { custom_id: "answers", prompt: "Say yes.", labels: { team: "docs" }, rehearsal: answers("yes") },
  {
    custom_id: "<b>hostile</b>",
    prompt: hostileText,
    labels: { note: '<img src=x onerror="document.title=1">' },
    policy: "demo",
    files: { "a <b>.txt": { text: hostileText } },
    rehearsal: [
      { calls: [{ name: "fetch_url", arguments: { url: "https://elsewhere.example/<i>" } }] },
      { text: hostileText, calls: [{ name: "read_file", arguments: { path: "a <b>.txt" } }] },
      ...answers(longHostileText),
    ],
  },
  {
    custom_id: "outage",
    prompt: "Say yes.",
    attempts: 1,
    rehearsal: [
      { error: { status: 503, code: "upstream", message: "no healthy backend" } },
      ...answers("back again"),
    ],
  },
];

/** A task whose call waits for a person, with hostile arguments. */
const waitingTask = {
  prompt: "Write a file.",
  approve: ["write_file"],
  rehearsal: [
    { calls: [{ name: "write_file", arguments: { path: "a.txt", content: hostileText } }] },
    ...answers("written"),
  ],
};

/** Two variants that differ on one row. */
const evaluation = {
  rows: [
    { text: "<b>one</b>", label: "yes", guess: "no" },
    { text: "two", label: "yes", guess: "yes" },
  ],
  template: { prompt: "Answer {{item.text}}" },
  variants: [
    { name: "guess", rehearsal: answers("{{item.guess}}") },
    { name: "always <i>yes", rehearsal: answers("yes") },
  ],
  graders: [{ kind: "exact", output: "/text", expect: "label" }],
};

const schedule = {
  name: "nightly",
  cron: "0 2 * * *",
  template: { prompt: "Say yes.", rehearsal: answers("yes") },
  items: { inline: [{ n: 1 }] },
  enabled: false,
};

/** Registers the hooks; its values are available while tests run. */
export function createFixture(): Fixture {
  const state = newState();
  let fleetStart: Promise<DevServer> | undefined;
  let fleet: DevServer;
  let browser: Browser;
  let batch = "";
  let evaluationId = "";
  let taskIds = new Map<string, string>();
  const pages: RecordedPage[] = [];

  beforeAll(async () => {
    const launching = startBrowser();
    await prepareDatabase(state.dir, []);
    generateLargeBatch(state.dir);
    fleetStart = startFleet(state.dir);
    [fleet, browser] = await Promise.all([fleetStart, launching]);
    ({ batch, taskIds, evaluationId } = await submitTasks(fleet));
  }, startMsMax);

  afterEach(async () => {
    for (const { context, errors, origins } of pages.splice(0)) {
      await context.close();
      expect(errors).toEqual([]);
      expect([...origins].filter((origin) => origin !== "null")).toEqual([fleet.url]);
    }
  });

  // Also stops a fleet that was still starting when `beforeAll` timed out.
  afterAll(async () => {
    await browser?.close();
    await fleetStart?.then((server) => server.stop()).catch(() => undefined);
    state.remove();
  }, startMsMax);

  return {
    get fleet() {
      return fleet;
    },
    get batch() {
      return batch;
    },
    get evaluation() {
      return evaluationId;
    },
    task: (name) => taskIds.get(name) ?? "",
    async keyFor(tenant) {
      const body = JSON.stringify({ name: tenant, tenant, scopes: ["read", "submit"] });
      return (await apiOf(fleet).post<{ key: string }>("/v1/keys", body)).key;
    },
    async open(options = desktop, key = fleet.key) {
      const recordedPage = await openPage(browser, options);
      pages.push(recordedPage);
      if (key === null) return recordedPage;
      const storeKey = `sessionStorage.setItem("flotilla.key", ${JSON.stringify(key)})`;
      await recordedPage.context.addInitScript(storeKey);
      return recordedPage;
    },
  };
}

const generateLargeBatch = (dir: string): void =>
  generateTasks(dir, {
    tasks: batchTasks,
    batches: 1,
    running: false,
    from: Date.now() - 3_600_000,
    everyMs: 50,
    tenantOf: () => "large",
  });

/** Submits the batch and the schedule, and waits until the batch is finished. */
async function submitTasks(fleet: DevServer) {
  const api = apiOf(fleet);
  const body = JSON.stringify({ tasks, labels: { team: "docs" } });
  const { id: batch } = await api.post<{ id: string }>("/v1/batches", body);
  await api.post("/v1/schedules", JSON.stringify(schedule));
  await api.post("/v1/tasks", JSON.stringify(waitingTask));
  const evals = JSON.stringify(evaluation);
  const { id: evaluationId } = await api.post<{ id: string }>("/v1/evals", evals);
  await until(
    () => api.get<{ status: string }>(`/v1/batches/${batch}`),
    ({ status }) => status === "finished",
  );
  await until(
    () => api.post<{ status: string }>(`/v1/evals/${evaluationId}/grade`, ""),
    ({ status }) => status === "finished",
  );
  await until(
    () => api.get<{ approvals: unknown[] }>("/v1/approvals"),
    ({ approvals }) => approvals.length === 1,
  );
  const list = await api.get<{ tasks: { id: string; custom_id: string }[] }>(
    `/v1/tasks?batch_id=${batch}`,
  );
  return {
    batch,
    evaluationId,
    taskIds: new Map(list.tasks.map(({ id, custom_id }) => [custom_id, id])),
  };
}
