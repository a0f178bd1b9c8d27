import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { until } from "../local/fleet.ts";
import type { Fixture } from "./fixture.ts";

const pagesMsMax = 180_000;

export const everyPath = (fixture: Fixture): [name: string, path: string][] => [
  ["overview", "/"],
  ["batches", "/batches"],
  ["batch", `/batches/${fixture.batch}`],
  ["tasks", "/tasks"],
  ["task", `/tasks/${fixture.task("outage")}`],
  ["approvals", "/approvals"],
  ["evals", "/evals"],
  ["eval", `/evals/${fixture.evaluation}`],
  ["dead-letters", "/dead-letters"],
  ["schedules", "/schedules"],
  ["egress", `/egress?batch=${fixture.batch}`],
  ["tools", "/tools"],
];

export async function waitUntilLoaded(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await until(
    () => page.getByRole("status", { name: "Loading" }).count(),
    (loading) => loading === 0,
  );
}

/** Serious accessibility violations; without `rules` all rules are checked. */
async function findViolations(page: Page, rules: readonly string[]): Promise<unknown[]> {
  const options = JSON.stringify({
    resultTypes: ["violations"],
    ...(rules.length === 0 ? {} : { runOnly: { type: "rule", values: rules } }),
  });
  const { violations } = (await page.evaluate(`axe.run(${options})`)) as axe.AxeResults;
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => ({ page: page.url(), id, at: nodes.map(({ html }) => html) }));
}

/** Each page is tested with each theme and size. In dark, only the rules that depend on colours are checked. */
const appearances = [
  ["light", { width: 1280, height: 860 }, []],
  ["dark", { width: 1280, height: 860 }, ["color-contrast"]],
  ["phone", { width: 390, height: 844 }, null],
] as const;

export function testEveryPage(fixture: Fixture): void {
  test(
    "every page fits its window and is accessible, in light, in dark and on a phone",
    async () => {
      const { page, takeScreenshot } = await fixture.open();
      const faults: unknown[] = [];
      for (const [name, path] of everyPath(fixture)) {
        await page.emulateMedia({ colorScheme: "light" });
        await page.goto(`${fixture.fleet.url}${path}`);
        await waitUntilLoaded(page);
        await page.evaluate(axe.source);
        for (const [appearance, size, rules] of appearances) {
          await page.setViewportSize(size);
          await page.emulateMedia({ colorScheme: appearance === "dark" ? "dark" : "light" });
          await takeScreenshot(`${name}-${appearance}`);
          const width = Number(await page.evaluate("document.documentElement.scrollWidth"));
          if (width > size.width) faults.push({ name, appearance, width });
          if (rules !== null) faults.push(...(await findViolations(page, rules)));
        }
      }
      expect(faults).toEqual([]);
    },
    pagesMsMax,
  );

  test.each(["light", "dark"] as const)(
    "colours follow a %s system until the user chooses a theme",
    async (colorScheme) => {
      const { page } = await fixture.open({ colorScheme });
      await page.goto(fixture.fleet.url);
      await waitUntilLoaded(page);
      const background = "getComputedStyle(document.documentElement).backgroundColor";
      const before = await page.evaluate(background);
      const other = colorScheme === "dark" ? "light" : "dark";
      await page.getByLabel("Colours").selectOption(other);
      expect(await page.evaluate(background)).not.toBe(before);
      await page.reload();
      await waitUntilLoaded(page);
      expect(await page.evaluate(background)).not.toBe(before);
      await page.getByLabel("Colours").selectOption("system");
      expect(await page.evaluate(background)).toBe(before);
    },
  );
}
