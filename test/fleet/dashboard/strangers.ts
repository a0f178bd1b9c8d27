import fs from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { everyPath, loaded } from "./every_page.ts";
import { hostile, owningShown, poisoned } from "./hostile_text.ts";
import type { Stage } from "./stage.ts";

/** Looks for what only a stranger's text could have made, in text and in attributes. */
const faultsIn = `(() => {
  const faults = [];
  const misleading = /[[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]--[\\t\\n]]/v;
  if (document.title === "owned") faults.push("a script ran");
  for (const one of document.body.querySelectorAll("script, img, iframe, object, embed, base, style"))
    faults.push("an element: " + one.outerHTML.slice(0, 100));
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ALL);
  for (let node = walk.currentNode; node !== null; node = walk.nextNode()) {
    const held = node.nodeType === Node.TEXT_NODE
      ? [["text", node.data]]
      : [...(node.attributes ?? [])].map(({ name, value }) => [name, value]);
    for (const [name, value] of held) {
      if (misleading.test(value)) faults.push(name + " misleads: " + JSON.stringify(value.slice(0, 60)));
      if (value.length > 70_000 && name !== "href") faults.push(name + " is of " + value.length + " characters");
      if (name.startsWith("on") && name !== "open") faults.push("a handler: " + name);
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push("wider than the window");
  return [...new Set(faults)];
})()`;

/** Opens all that is folded, and what was folded in it. */
async function unfold(page: Page): Promise<void> {
  const folded = page.locator("main details:not([open]) > summary");
  while ((await folded.count()) > 0) await folded.first().click();
}

export function strangers(stage: Stage): void {
  test("what an agent wrote is text: it runs nothing, reorders nothing, and is cut", async () => {
    const { page, shoot } = await stage.open();
    await page.goto(`${stage.fleet.url}/tasks/${stage.task("<b>hostile</b>")}`);
    await page.getByRole("heading", { name: "<b>hostile</b>" }).waitFor();
    await page.getByText("note=<img src=x").waitFor();
    await page.getByRole("button", { name: "Show the answer" }).click();
    const answer = page.getByRole("region", { name: "Answer" });
    await answer.waitFor();
    const shown = (await answer.textContent()) ?? "";
    expect(shown).toContain("<script>");
    expect(shown).toContain(owningShown);
    expect(shown.length).toBeLessThan(5_000);
    await page.getByText("more characters").first().waitFor();
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download", exact: true }).first().click(),
    ]);
    expect(fs.readFileSync(await saved.path(), "utf8")).toBe(hostile);
    // The refused request stands beside the step that made it.
    const requests = page.getByRole("list", { name: "Requests of step 2" });
    expect(await requests.textContent()).toContain("elsewhere.example");
    await unfold(page);
    for (const name of ["Prompt", "Output"]) {
      await page.getByRole("region", { name }).getByText(owningShown).first().waitFor();
    }
    await page.getByRole("region", { name: "Files", exact: true }).getByText("a <b>.txt").waitFor();
    await shoot("task-hostile");
    expect(await page.evaluate(faultsIn)).toEqual([]);
  });

  /** Even where the fleet would cut it: every text of every answer is hostile and of a megabyte. */
  test("every page holds while every text of every answer is hostile", async () => {
    const { page, shoot } = await stage.open();
    await page.route("**/v1/**", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: poisoned(await answer.json()) });
    });
    const faults: unknown[] = [];
    const marked: string[] = [];
    for (const [name, at] of everyPath(stage)) {
      await page.goto(`${stage.fleet.url}${at}`);
      await loaded(page);
      await unfold(page);
      await loaded(page);
      const found = (await page.evaluate(faultsIn)) as string[];
      if (found.length > 0) faults.push({ name, found });
      const text = await page.getByRole("main").textContent();
      if (text?.includes("\u27e8U+202E\u27e9")) marked.push(name);
      await shoot(`${name}-poisoned`);
    }
    expect(faults).toEqual([]);
    // What was replaced is shown, so the pages were looked at with it.
    expect(marked).toEqual(everyPath(stage).map(([name]) => name));
  });
}
