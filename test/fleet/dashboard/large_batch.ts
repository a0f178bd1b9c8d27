import fs from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { batchTasks, ulid } from "../../bench/generated.ts";
import type { Fixture } from "./fixture.ts";

const downloadMsMax = 120_000;

export function testLargeBatch(fixture: Fixture): void {
  test(
    "a batch of 50,000 tasks is counted, grouped, filtered, paged and downloaded",
    async () => {
      const key = await fixture.keyFor("large");
      const { page, takeScreenshot } = await fixture.open(undefined, key);
      const largestList = recordLargestList(page);
      const url = `${fixture.fleet.url}/batches/batch_${ulid(0)}`;
      await page.goto(url);
      await page.getByText("of 50,000 tasks ended").waitFor();
      const groups = page.getByRole("region", { name: "Why tasks did not succeed" });
      await groups.getByText("invalid output", { exact: true }).first().waitFor();
      expect(await groups.getByRole("row").allTextContents()).toEqual([
        expect.stringContaining("Reason"),
        expect.stringMatching(/invalid output50/),
        expect.stringMatching(/budget steps49/),
        expect.stringMatching(/attempts exhausted.*1/),
      ]);
      const rows = taskRows(page);
      await rows.nth(50).waitFor();
      await takeScreenshot("batch-large");

      const newest = await rows.nth(1).textContent();
      await page.getByRole("link", { name: "Older" }).click();
      await page.getByRole("link", { name: "Newest" }).waitFor();
      expect(new URL(page.url()).searchParams.get("cursor")).not.toBeNull();
      expect(await rows.nth(1).textContent()).not.toBe(newest);

      await groups.getByRole("link", { name: "budget steps" }).click();
      await page.getByText("budget steps The task used up").first().waitFor();
      expect(new URL(page.url()).searchParams.get("reason")).toBe("budget_steps");
      await rows.nth(49).waitFor();
      expect(await rows.count()).toBe(50);
      await takeScreenshot("batch-large-filtered");

      expect(await downloadLines(page)).toHaveLength(batchTasks);
      expect(largestList()).toBe(50);

      const phone = { viewport: { width: 390, height: 844 }, colorScheme: "dark" } as const;
      const narrow = await fixture.open({ ...phone, isMobile: true }, key);
      await narrow.page.goto(url);
      await narrow.page.getByText("of 50,000 tasks ended").waitFor();
      await taskRows(narrow.page).nth(50).waitFor();
      await narrow.takeScreenshot("batch-large-phone");
    },
    downloadMsMax * 2,
  );
}

const taskRows = (page: Page) =>
  page.getByRole("region", { name: "Tasks", exact: true }).getByRole("row");

/** Returns a function that reads the largest number of tasks in one response so far. */
function recordLargestList(page: Page): () => number {
  let largest = 0;
  page.on("response", async (response) => {
    if (!response.url().includes("/v1/tasks?")) return;
    const { tasks } = (await response.json()) as { tasks: unknown[] };
    largest = Math.max(largest, tasks.length);
  });
  return () => largest;
}

async function downloadLines(page: Page): Promise<string[]> {
  const [saved] = await Promise.all([
    page.waitForEvent("download", { timeout: downloadMsMax }),
    page.getByRole("button", { name: "Download results" }).click(),
  ]);
  const text = fs.readFileSync(await saved.path(), "utf8");
  return text.trim().split("\n");
}
