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
  ["egress", "/egress"],
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

/** Which of axe's rules are asked: all, those that colours decide, or none where neither is new. */
const modes = [
  ["light", { viewport: { width: 1280, height: 860 }, colorScheme: "light" }, []],
  ["dark", { viewport: { width: 1280, height: 860 }, colorScheme: "dark" }, ["color-contrast"]],
  ["phone", { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true }, null],
] as const;

export function everyPage(stage: Stage): void {
  test.each(modes)(
    "every page is whole and accessible: %s",
    async (mode, options, rules) => {
      const { page, shoot } = await stage.open(options);
      const { url } = stage.fleet;
      const faults: unknown[] = [];
      for (const [name, at] of everyPath(stage)) {
        await page.goto(`${url}${at}`);
        await loaded(page);
        await shoot(`${name}-${mode}`);
        const [wide, seenWidth] = (await page.evaluate(
          "[document.documentElement.scrollWidth, innerWidth]",
        )) as [number, number];
        if (wide > seenWidth) faults.push({ name, wide });
        if (rules === null) continue;
        await page.evaluate(axe.source);
        faults.push(...(await barriersIn(page, rules)));
      }
      expect(faults).toEqual([]);
      const background = "getComputedStyle(document.documentElement).backgroundColor";
      const before = await page.evaluate(background);
      await page.getByLabel("Colours").selectOption(mode === "dark" ? "light" : "dark");
      expect(await page.evaluate(background)).not.toBe(before);
    },
    pagesMsMax,
  );
}
