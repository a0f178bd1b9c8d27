import fs from "node:fs";
import { expect, test } from "vitest";
import { batchTasks, ulid } from "../../bench/generated.ts";
import type { Stage } from "./stage.ts";

const downloadMsMax = 120_000;

export function largeBatch(stage: Stage): void {
  test(
    "a batch of 50,000 is counted, grouped, filtered, paged and downloaded",
    async () => {
      const key = await stage.keyFor("large");
      const { page, shoot } = await stage.open(undefined, key);
      let rowsAsked = 0;
      page.on("response", async (response) => {
        if (!response.url().includes("/v1/tasks?")) return;
        const { tasks } = (await response.json()) as { tasks: unknown[] };
        rowsAsked = Math.max(rowsAsked, tasks.length);
      });
      const at = `${stage.fleet.url}/batches/batch_${ulid(0)}`;
      await page.goto(at);
      await page.getByText("of 50,000 tasks ended").waitFor();
      const groups = page.getByRole("region", { name: "Why tasks did not succeed" });
      await groups.getByText("invalid output", { exact: true }).first().waitFor();
      expect(await groups.getByRole("row").allTextContents()).toEqual([
        expect.stringContaining("Reason"),
        expect.stringMatching(/invalid output50/),
        expect.stringMatching(/budget steps49/),
        expect.stringMatching(/attempts exhausted.*1/),
      ]);
      const rows = page.getByRole("region", { name: "Tasks", exact: true }).getByRole("row");
      await rows.nth(50).waitFor();
      await shoot("batch-large");

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
      await shoot("batch-large-filtered");

      const [saved] = await Promise.all([
        page.waitForEvent("download", { timeout: downloadMsMax }),
        page.getByRole("button", { name: "Download results" }).click(),
      ]);
      const lines = fs
        .readFileSync(await saved.path(), "utf8")
        .trim()
        .split("\n");
      expect(lines).toHaveLength(batchTasks);
      expect(rowsAsked).toBe(50);

      const phone = { viewport: { width: 390, height: 844 }, colorScheme: "dark" } as const;
      const narrow = await stage.open({ ...phone, isMobile: true }, key);
      await narrow.page.goto(at);
      await narrow.page.getByText("of 50,000 tasks ended").waitFor();
      await narrow.page
        .getByRole("region", { name: "Tasks", exact: true })
        .getByRole("row")
        .nth(50)
        .waitFor();
      await narrow.shoot("batch-large-phone");
    },
    downloadMsMax * 2,
  );
}
