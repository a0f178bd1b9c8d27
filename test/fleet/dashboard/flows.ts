import { expect, test } from "vitest";
import type {
  ModelLimit,
  Schedule,
  Schedules,
} from "../../../producer/dashboard/app/data/responses.ts";
import { apiOf, until } from "../local/fleet.ts";
import type { Fixture } from "./fixture.ts";

const outageTask = {
  custom_id: "outage",
  prompt: "Say yes.",
  attempts: 1,
  rehearsal: [
    { error: { status: 503, code: "upstream", message: "no healthy backend" } },
    { calls: [{ name: "final_answer", arguments: { text: "back again" } }] },
  ],
};

const schedule: Schedule = {
  id: "sched_1",
  name: "nightly",
  cron: "0 2 * * *",
  timezone: "UTC",
  template: {},
  items: { inline: [] },
  overlap: "skip",
  catch_up: "once",
  enabled: true,
  next_ticks: ["2026-01-02T02:00:00.000Z"],
  last_ticks: [
    {
      at: "2026-01-01T02:00:00.000Z",
      outcome: "refused",
      batch_id: null,
      missed: 0,
      error: { message: "no upload is called leads.csv", details: [] },
    },
  ],
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
};

const down: ModelLimit = {
  model: "scripted",
  state: "down",
  closed_until: null,
  outage: {
    endpoint: "https://models.example/v1",
    since: "2026-01-01T00:00:00.000Z",
    next_try_at: "2026-01-01T01:00:00.000Z",
    message: "HTTP 503",
  },
  shared: false,
  requests_per_minute: null,
  allowed_per_minute: null,
  calls_last_minute: null,
  calls_ahead: null,
  in_progress: null,
  in_progress_max: null,
  waiting: null,
};

export function testFlows(fixture: Fixture): void {
  test("a user follows a batch to its end, sees why its task failed, and redrives it", async () => {
    const { page, takeScreenshot } = await fixture.open();
    const body = JSON.stringify({ tasks: [outageTask] });
    const { id } = await apiOf(fixture.fleet).post<{ id: string }>("/v1/batches", body);
    await page.goto(fixture.fleet.url);
    await page.getByRole("link", { name: "Batches", exact: true }).click();
    await page.locator(`a[href="/batches/${id}"]`).click();
    await page.getByText("1 of 1 tasks ended").waitFor();
    const group = page.getByRole("region", { name: "Why tasks did not succeed" });
    await group.getByText("no healthy backend").click();

    const failure = page.getByRole("region", { name: "What went wrong" });
    await failure.getByText("attempts exhausted").waitFor();
    expect(await failure.textContent()).toContain("no healthy backend");
    expect(await failure.textContent()).toContain("resume it");
    await page.getByText("1 step", { exact: true }).waitFor();
    await takeScreenshot("task-dead");

    await page.getByRole("button", { name: "Redrive" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox").fill("{not json");
    await dialog.getByRole("button", { name: "Redrive" }).click();
    await dialog.getByText("not JSON").waitFor();
    await takeScreenshot("redrive");
    await dialog.getByRole("textbox").fill("");
    await dialog.getByRole("button", { name: "Redrive" }).click();
    await page.getByText("back again").waitFor();
    await page.getByRole("main").getByText("succeeded", { exact: true }).waitFor();
    expect(await page.getByRole("region", { name: "What went wrong" }).count()).toBe(0);
  });

  test("a waiting task or batch is cancelled only after a confirmation", async () => {
    const { page } = await fixture.open();
    const api = apiOf(fixture.fleet);
    const waiting = { ...outageTask, not_before: new Date(Date.now() + 3_600_000).toISOString() };
    const task = await api.post<{ id: string }>("/v1/tasks", JSON.stringify(waiting));
    const tasks = JSON.stringify({ tasks: [waiting] });
    const batch = await api.post<{ id: string }>("/v1/batches", tasks);
    for (const [what, path] of [
      ["task", `/tasks/${task.id}`],
      ["batch", `/batches/${batch.id}`],
    ] as const) {
      await page.goto(`${fixture.fleet.url}${path}`);
      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      const dialog = page.getByRole("dialog", { name: `Cancel this ${what}?` });
      await dialog.getByRole("button", { name: "Close" }).click();
      await dialog.waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      await dialog.getByRole("button", { name: `Cancel the ${what}` }).click();
      await page.getByRole("main").getByText("cancelled").first().waitFor();
    }
  });

  test("a tick that created no batch shows its error", async () => {
    const { page } = await fixture.open();
    const schedules: Schedules = { schedules: [schedule], next_cursor: null };
    await page.route("**/v1/schedules?*", (route) => route.fulfill({ json: schedules }));
    await page.route("**/v1/schedules/sched_1", (route) => route.fulfill({ json: schedule }));
    await page.goto(`${fixture.fleet.url}/schedules`);
    await page.getByText("no upload is called leads.csv").waitFor();
  });

  test("a model that is down has an alert, and its row shows the outage", async () => {
    const { page, takeScreenshot } = await fixture.open();
    await page.route("**/v1/models", (route) => route.fulfill({ json: { models: [down] } }));
    await page.goto(fixture.fleet.url);
    const alert = page
      .getByRole("list", { name: "Alerts" })
      .getByText("The model scripted is down");
    expect(await alert.textContent()).toMatch(/down since .*; next try \d\d:00:00/);
    const row = page.getByRole("region", { name: "Models" }).getByRole("row", { name: "scripted" });
    expect(await row.textContent()).toContain("https://models.example/v1: HTTP 503");
    await takeScreenshot("overview-model-down");
  });

  test("a call that waits is approved with other arguments, and its task continues", async () => {
    const { page } = await fixture.open();
    const api = apiOf(fixture.fleet);
    const { id } = await api.post<{ id: string }>(
      "/v1/tasks",
      JSON.stringify({
        prompt: "Write a file.",
        approve: ["delete_file"],
        files: { "a.txt": { text: "a" }, "b.txt": { text: "b" } },
        rehearsal: [
          { calls: [{ name: "delete_file", arguments: { path: "a.txt" } }] },
          { calls: [{ name: "final_answer", arguments: { text: "done" } }] },
        ],
      }),
    );
    await page.goto(`${fixture.fleet.url}/approvals`);
    const panel = page.locator("section.panel", { hasText: "delete_file" });
    await panel.getByRole("button", { name: "Approve" }).click();
    await page.getByLabel("Arguments (JSON)").fill('{"path": "b.txt"}');
    await page.getByRole("button", { name: "Approve the call" }).click();
    await page.getByText("delete_file: approved").waitFor();
    await until(
      () => api.get<{ status: string }>(`/v1/tasks/${id}`),
      ({ status }) => status === "succeeded",
    );
    const { steps } = await api.get<{ steps: { name: string; input: unknown }[] }>(
      `/v1/tasks/${id}/steps`,
    );
    const { input } = steps.find(({ name }) => name === "delete_file") ?? {};
    expect(input).toEqual({ path: "b.txt" });
  });

  test("the search field opens ids, and lists tasks by custom id or label", async () => {
    const { page } = await fixture.open();
    await page.goto(`${fixture.fleet.url}/batches`);
    await page.getByRole("heading", { name: "Batches", level: 1 }).waitFor();
    const find = async (text: string) => {
      await page.locator("h1").click();
      await page.keyboard.press("/");
      await page.keyboard.type(text);
      await page.keyboard.press("Enter");
    };
    await find("answers");
    await page.getByRole("link", { name: "answers" }).waitFor();
    expect(new URL(page.url()).search).toBe("?custom_id=answers");
    await find("team=docs");
    await page.getByRole("link", { name: "answers" }).waitFor();
    expect(new URL(page.url()).searchParams.get("label")).toBe("team=docs");
    await find(fixture.batch);
    await page.getByText("3 of 3 tasks ended").waitFor();
  });
}
