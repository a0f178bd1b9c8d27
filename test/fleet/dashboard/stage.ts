/**
 * One local fleet and one browser for all that is looked at: a batch of three tasks that ended differently,
 * and for a tenant of its own a batch of 50,000. Each test opens pages of its own. Whatever it looks at, no
 * request leaves the origin, no script throws, and the page's policy has nothing to block.
 */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { prepareDatabase } from "../../../producer/local/database.ts";
import type { DevServer } from "../../../producer/local/dev_server.ts";
import { batchTasks, generateTasks } from "../../bench/generated.ts";
import { apiOf, newState, startFleet, until } from "../local/fleet.ts";
import { openPage, startBrowser, type Watched } from "./browser.ts";
import { hostile, owning } from "./hostile_text.ts";

export interface Stage {
  readonly fleet: DevServer;
  readonly batch: string;
  /** The id of a task of the batch, by its name. */
  task(name: string): string;
  /** A key of another tenant. */
  keyFor(tenant: string): Promise<string>;
  /** A page that is signed in: as the operator, with another key, or with none. */
  open(options?: Parameters<Browser["newContext"]>[0], key?: string | null): Promise<Watched>;
}

const startMsMax = 180_000;
const desktop = { viewport: { width: 1280, height: 860 } };
const answers = (text: string) => [{ calls: [{ name: "final_answer", arguments: { text } }] }];

/** One that answers, one that says what it should not, one whose model is down for its only attempt. */
const tasks = [
  { custom_id: "answers", prompt: "Say yes.", labels: { team: "docs" }, rehearsal: answers("yes") },
  {
    custom_id: "<b>hostile</b>",
    prompt: owning,
    labels: { note: '<img src=x onerror="document.title=1">' },
    policy: "demo",
    files: { "a <b>.txt": { text: owning } },
    rehearsal: [
      { calls: [{ name: "fetch_url", arguments: { url: "https://elsewhere.example/<i>" } }] },
      { text: owning, calls: [{ name: "read_file", arguments: { path: "a <b>.txt" } }] },
      ...answers(hostile),
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

const schedule = {
  name: "nightly",
  cron: "0 2 * * *",
  template: { prompt: "Say yes.", rehearsal: answers("yes") },
  items: { inline: [{ n: 1 }] },
  enabled: false,
};

/** Called where the tests are described; what it answers stands once they run. */
export function stage(): Stage {
  const state = newState();
  let starting: Promise<DevServer> | undefined;
  let fleet: DevServer;
  let browser: Browser;
  let batch = "";
  const opened: Watched[] = [];
  let ids = new Map<string, string>();

  beforeAll(async () => {
    const opening = startBrowser();
    await prepareDatabase(state.dir, []);
    generateTasks(state.dir, {
      tasks: batchTasks,
      batches: 1,
      running: false,
      from: Date.now() - 3_600_000,
      everyMs: 50,
      tenantOf: () => "large",
    });
    starting = startFleet(state.dir);
    [fleet, browser] = await Promise.all([starting, opening]);
    const api = apiOf(fleet);
    const sent = JSON.stringify({ tasks, labels: { team: "docs" } });
    batch = (await api.post<{ id: string }>("/v1/batches", sent)).id;
    await api.post("/v1/schedules", JSON.stringify(schedule));
    await until(
      () => api.get<{ status: string }>(`/v1/batches/${batch}`),
      ({ status }) => status === "finished",
    );
    const listed = await api.get<{ tasks: { id: string; custom_id: string }[] }>(
      `/v1/tasks?batch_id=${batch}`,
    );
    ids = new Map(listed.tasks.map(({ id, custom_id }) => [custom_id, id]));
  }, startMsMax);

  afterEach(async () => {
    for (const { context, complaints, origins } of opened.splice(0)) {
      await context.close();
      expect(complaints).toEqual([]);
      expect([...origins].filter((origin) => origin !== "null")).toEqual([fleet.url]);
    }
  });

  // Also one that was still starting when the patience was over.
  afterAll(async () => {
    await browser?.close();
    await starting?.then((late) => late.stop()).catch(() => undefined);
    state.remove();
  }, startMsMax);

  return {
    get fleet() {
      return fleet;
    },
    get batch() {
      return batch;
    },
    task: (name) => ids.get(name) ?? "",
    async keyFor(tenant) {
      const made = JSON.stringify({ name: tenant, tenant, scopes: ["read", "submit"] });
      return (await apiOf(fleet).post<{ key: string }>("/v1/keys", made)).key;
    },
    async open(options = desktop, key = fleet.key) {
      const watched = await openPage(browser, options);
      opened.push(watched);
      if (key === null) return watched;
      const kept = `sessionStorage.setItem("flotilla.key", ${JSON.stringify(key)})`;
      await watched.context.addInitScript(kept);
      return watched;
    },
  };
}
