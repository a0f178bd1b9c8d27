import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { until } from "../local/fleet.ts";
import type { Stage } from "./stage.ts";

const pagesMsMax = 180_000;

export const everyPath = (stage: Stage): [name: string, path: string][] => [
  ["overview", "/"],
  ["batches", "/batches"],
  ["batch", `/batches/${stage.batch}`],
  ["tasks", "/tasks"],
  ["task", `/tasks/${stage.task("outage")}`],
  ["dead-letters", "/dead-letters"],
  ["schedules", "/schedules"],
  ["egress", `/egress?batch=${stage.batch}`],
  ["tools", "/tools"],
];

/** All that a page asks for at first is there. */
export async function loaded(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await until(
    () => page.getByRole("status", { name: "Loading" }).count(),
    (loading) => loading === 0,
  );
}

/** What shuts people out of a page, as far as a program can tell. */
async function barriersIn(page: Page, rules: readonly string[]): Promise<unknown[]> {
  const order = JSON.stringify({
    resultTypes: ["violations"],
    ...(rules.length === 0 ? {} : { runOnly: { type: "rule", values: rules } }),
  });
  const { violations } = (await page.evaluate(`axe.run(${order})`)) as axe.AxeResults;
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => ({ page: page.url(), id, at: nodes.map(({ html }) => html) }));
}

/** The same page, looked at in each of these; what only colours decide is asked again where they change. */
const looks = [
  ["light", { width: 1280, height: 860 }, []],
  ["dark", { width: 1280, height: 860 }, ["color-contrast"]],
  ["phone", { width: 390, height: 844 }, null],
] as const;

export function everyPage(stage: Stage): void {
  test(
    "every page is whole and accessible, in light, in dark and on a phone",
    async () => {
      const { page, shoot } = await stage.open();
      const faults: unknown[] = [];
      for (const [name, at] of everyPath(stage)) {
        await page.emulateMedia({ colorScheme: "light" });
        await page.goto(`${stage.fleet.url}${at}`);
        await loaded(page);
        await page.evaluate(axe.source);
        for (const [look, size, rules] of looks) {
          await page.setViewportSize(size);
          await page.emulateMedia({ colorScheme: look === "dark" ? "dark" : "light" });
          await shoot(`${name}-${look}`);
          const wide = Number(await page.evaluate("document.documentElement.scrollWidth"));
          if (wide > size.width) faults.push({ name, look, wide });
          if (rules !== null) faults.push(...(await barriersIn(page, rules)));
        }
      }
      expect(faults).toEqual([]);
    },
    pagesMsMax,
  );

  test.each(["light", "dark"] as const)(
    "colours follow a system that is %s until somebody chooses",
    async (colorScheme) => {
      const { page } = await stage.open({ colorScheme });
      await page.goto(stage.fleet.url);
      await loaded(page);
      const background = "getComputedStyle(document.documentElement).backgroundColor";
      const before = await page.evaluate(background);
      const other = colorScheme === "dark" ? "light" : "dark";
      await page.getByLabel("Colours").selectOption(other);
      expect(await page.evaluate(background)).not.toBe(before);
      await page.reload();
      await loaded(page);
      expect(await page.evaluate(background)).not.toBe(before);
      await page.getByLabel("Colours").selectOption("system");
      expect(await page.evaluate(background)).toBe(before);
    },
  );
}
