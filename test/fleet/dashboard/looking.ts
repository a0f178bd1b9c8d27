import { expect, test } from "vitest";
import { until } from "../local/fleet.ts";
import type { Stage } from "./stage.ts";

export function looking(stage: Stage): void {
  test("the keyboard goes everywhere", async () => {
    const { page } = await stage.open();
    await page.goto(`${stage.fleet.url}/batches`);
    await page.getByRole("region", { name: "Batches" }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
  });

  test("a hidden tab asks for nothing, and looks when it is shown again", async () => {
    const { page } = await stage.open();
    await page.clock.install();
    await page.goto(`${stage.fleet.url}/batches/${stage.batch}`);
    await page.getByText("3 of 3 tasks ended").waitFor();
    await page.evaluate(
      "Object.defineProperty(document, 'hidden', {value: true, configurable: true})",
    );
    await page.clock.runFor(30_000);
    let asked = 0;
    page.on("request", () => (asked += 1));
    await page.clock.runFor(600_000);
    expect(asked).toBe(0);
    await page.evaluate(
      "delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))",
    );
    await until(
      async () => asked,
      (times) => times > 0,
    );
  });
}
