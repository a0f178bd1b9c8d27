import { expect, test } from "vitest";
import { until } from "../local/fleet.ts";
import type { Fixture } from "./fixture.ts";

export function testInteraction(fixture: Fixture): void {
  test("every page can be reached with the keyboard", async () => {
    const { page } = await fixture.open();
    await page.goto(`${fixture.fleet.url}/batches`);
    await page.getByRole("region", { name: "Batches" }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
  });

  test("a hidden tab sends no request, and polls again when it is shown", async () => {
    const { page } = await fixture.open();
    await page.clock.install();
    await page.goto(`${fixture.fleet.url}/batches/${fixture.batch}`);
    await page.getByText("3 of 3 tasks ended").waitFor();
    await page.evaluate(
      "Object.defineProperty(document, 'hidden', {value: true, configurable: true})",
    );
    await page.clock.runFor(30_000);
    let requests = 0;
    page.on("request", () => (requests += 1));
    await page.clock.runFor(600_000);
    expect(requests).toBe(0);
    await page.evaluate(
      "delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))",
    );
    await until(
      async () => requests,
      (times) => times > 0,
    );
  });
}
