import { expect, test } from "vitest";
import type { Schedule, Schedules } from "../../../producer/dashboard/app/shapes.ts";
import { apiOf } from "../local/fleet.ts";
import type { Stage } from "./stage.ts";

const outage = {
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

export function following(stage: Stage): void {
  test("a batch is watched until it ends, and its failed task is understood and redriven", async () => {
    const { page, shoot } = await stage.open();
    const sent = JSON.stringify({ tasks: [outage] });
    const { id } = await apiOf(stage.fleet).post<{ id: string }>("/v1/batches", sent);
    await page.goto(stage.fleet.url);
    await page.getByRole("link", { name: "Batches", exact: true }).click();
    await page.locator(`a[href="/batches/${id}"]`).click();
    await page.getByText("1 of 1 tasks ended").waitFor();
    const group = page.getByRole("region", { name: "Why tasks did not succeed" });
    await group.getByText("no healthy backend").click();

    const trouble = page.getByRole("region", { name: "What went wrong" });
    await trouble.getByText("attempts exhausted").waitFor();
    expect(await trouble.textContent()).toContain("no healthy backend");
    expect(await trouble.textContent()).toContain("resume it");
    await page.getByText("1 step", { exact: true }).waitFor();
    await shoot("task-dead");

    await page.getByRole("button", { name: "Redrive" }).click();
    const question = page.getByRole("dialog");
    await question.getByRole("textbox").fill("{not json");
    await question.getByRole("button", { name: "Redrive" }).click();
    await question.getByText("not JSON").waitFor();
    await shoot("redrive");
    await question.getByRole("textbox").fill("");
    await question.getByRole("button", { name: "Redrive" }).click();
    await page.getByText("back again").waitFor();
    await page.getByRole("main").getByText("succeeded", { exact: true }).waitFor();
    expect(await page.getByRole("region", { name: "What went wrong" }).count()).toBe(0);
  });

  test("a task and a batch that wait are cancelled once somebody says so twice", async () => {
    const { page } = await stage.open();
    const api = apiOf(stage.fleet);
    const waiting = { ...outage, not_before: new Date(Date.now() + 3_600_000).toISOString() };
    const task = await api.post<{ id: string }>("/v1/tasks", JSON.stringify(waiting));
    const tasks = JSON.stringify({ tasks: [waiting] });
    const batch = await api.post<{ id: string }>("/v1/batches", tasks);
    for (const [what, path] of [
      ["task", `/tasks/${task.id}`],
      ["batch", `/batches/${batch.id}`],
    ] as const) {
      await page.goto(`${stage.fleet.url}${path}`);
      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      const question = page.getByRole("dialog", { name: `Cancel this ${what}?` });
      await question.getByRole("button", { name: "Leave it" }).click();
      await question.waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      await question.getByRole("button", { name: `Cancel the ${what}` }).click();
      await page.getByRole("main").getByText("cancelled").first().waitFor();
    }
  });

  test("a tick that made no batch says why", async () => {
    const { page } = await stage.open();
    const listed: Schedules = { schedules: [schedule], next_cursor: null };
    await page.route("**/v1/schedules?*", (route) => route.fulfill({ json: listed }));
    await page.route("**/v1/schedules/sched_1", (route) => route.fulfill({ json: schedule }));
    await page.goto(`${stage.fleet.url}/schedules`);
    await page.getByText("no upload is called leads.csv").waitFor();
  });
}
