import fs from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { everyPath, waitUntilLoaded } from "./every_page.ts";
import type { Fixture } from "./fixture.ts";
import { hostileTextShown, longHostileText, poisonResponse } from "./hostile_text.ts";

/** Finds what only untrusted text could have caused, in text and in attributes. */
const findFaults = `(() => {
  const faults = [];
  const misleading = /[[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]--[\\t\\n]]/v;
  if (document.title === "owned") faults.push("a script ran");
  for (const element of document.body.querySelectorAll("script, img, iframe, object, embed, base, style"))
    faults.push("an element: " + element.outerHTML.slice(0, 100));
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ALL);
  for (let node = walker.currentNode; node !== null; node = walker.nextNode()) {
    const texts = node.nodeType === Node.TEXT_NODE
      ? [["text", node.data]]
      : [...(node.attributes ?? [])].map(({ name, value }) => [name, value]);
    for (const [name, value] of texts) {
      if (misleading.test(value)) faults.push(name + " misleads: " + JSON.stringify(value.slice(0, 60)));
      if (value.length > 70_000 && name !== "href") faults.push(name + " has " + value.length + " characters");
      if (name.startsWith("on") && name !== "open") faults.push("a handler: " + name);
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push("wider than the window");
  return [...new Set(faults)];
})()`;

const pagesMsMax = 180_000;

/** Opens every closed element, also nested ones. */
async function openDetails(page: Page): Promise<void> {
  const closed = page.locator("main details:not([open]) > summary");
  while ((await closed.count()) > 0) await closed.first().click();
}

export function testUntrustedText(fixture: Fixture): void {
  test("text of an agent runs no script, reorders nothing, and is cut", async () => {
    const { page, takeScreenshot } = await fixture.open();
    await page.goto(`${fixture.fleet.url}/tasks/${fixture.task("<b>hostile</b>")}`);
    await page.getByRole("heading", { name: "<b>hostile</b>" }).waitFor();
    await page.getByText("note=<img src=x").waitFor();
    await page.getByRole("button", { name: "Show the answer" }).click();
    const answer = page.getByRole("region", { name: "Answer" });
    await answer.waitFor();
    const text = (await answer.textContent()) ?? "";
    expect(text).toContain("<script>");
    expect(text).toContain(hostileTextShown);
    expect(text.length).toBeLessThan(5_000);
    await page.getByText("more characters").first().waitFor();
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download", exact: true }).first().click(),
    ]);
    expect(fs.readFileSync(await saved.path(), "utf8")).toBe(longHostileText);
    // The denied request is listed with the step that made it.
    const requests = page.getByRole("list", { name: "Requests of step 2" });
    expect(await requests.textContent()).toContain("elsewhere.example");
    await openDetails(page);
    for (const name of ["Prompt", "Output"]) {
      await page.getByRole("region", { name }).getByText(hostileTextShown).first().waitFor();
    }
    await page.getByRole("region", { name: "Files", exact: true }).getByText("a <b>.txt").waitFor();
    await takeScreenshot("task-hostile");
    expect(await page.evaluate(findFaults)).toEqual([]);
  });

  /** Stricter than a fleet, which cuts many fields: every text is hostile, and a megabyte once per field. */
  test(
    "every page is safe when every text of every response is hostile",
    async () => {
      const { page, takeScreenshot } = await fixture.open();
      await page.route("**/v1/**", async (route) => {
        const response = await route.fetch();
        const lines = (await response.text()).split("\n").filter((line) => line !== "");
        const poisoned = lines.map((line) => JSON.stringify(poisonResponse(JSON.parse(line))));
        await route.fulfill({ response, body: poisoned.join("\n") });
      });
      const faults: unknown[] = [];
      const markedPages: string[] = [];
      for (const [name, path] of everyPath(fixture)) {
        await page.goto(`${fixture.fleet.url}${path}`);
        await waitUntilLoaded(page);
        await openDetails(page);
        await waitUntilLoaded(page);
        const pageFaults = (await page.evaluate(findFaults)) as string[];
        if (pageFaults.length > 0) faults.push({ name, found: pageFaults });
        const text = await page.getByRole("main").textContent();
        if (text?.includes("\u27e8U+202E\u27e9")) markedPages.push(name);
        await takeScreenshot(`${name}-poisoned`);
      }
      expect(faults).toEqual([]);
      // Every page shows a mark, so hostile text was present on all of them.
      expect(markedPages).toEqual(everyPath(fixture).map(([name]) => name));
    },
    pagesMsMax,
  );
}
