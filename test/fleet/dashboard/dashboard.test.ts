import fs from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LocalFleet } from "../../../producer/local/fleet.ts";
import { root } from "../docs/page.ts";
import { apiOf, newState, startFleet, until } from "../local/fleet.ts";
import { hasBrowser, openPage, startBrowser, type Watched } from "./browser.ts";

const startMsMax = 180_000;
const pagesMsMax = 180_000;
const scriptBytesMax = 100_000;

test("the first view takes less than 100 KB of script, compressed", () => {
  const folder = path.join(root, ".build/dashboard/assets");
  const scripts = fs.readdirSync(folder).filter((name) => name.endsWith(".js"));
  const sizes = scripts.map((name) => gzipSync(fs.readFileSync(path.join(folder, name))).length);
  expect(scripts.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(scriptBytesMax);
});

const answers = (text: string) => [{ calls: [{ name: "final_answer", arguments: { text } }] }];

const owning = [
  '<script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">',
  "\u001b[31mred\u001b[0m \u202egnp.exe \u0007",
].join("\n");
/** Ends in one line as long as a call may be. */
const hostile = `${owning}\n${"x".repeat(450_000)}`;

/** One that answers, one that says what it should not, one whose model is down for its only attempt. */
const tasks = [
  { custom_id: "answers", prompt: "Say yes.", labels: { team: "docs" }, rehearsal: answers("yes") },
  {
    custom_id: "<b>hostile</b>",
    prompt: "Say something.",
    policy: "demo",
    files: { "a <b>.txt": { text: owning } },
    rehearsal: [
      { calls: [{ name: "fetch_url", arguments: { url: "https://elsewhere.example/<i>" } }] },
      { text: owning, calls: [{ name: "read_file", arguments: { path: "a <b>.txt" } }] },
      ...answers(hostile),
    ],
  },
  {
    custom_id: "outage",
    prompt: "Say yes.",
    attempts: 1,
    rehearsal: [
      { error: { status: 503, code: "upstream", message: "no healthy backend" } },
      ...answers("back again"),
    ],
  },
];

/** What shuts people out of a page, as far as a program can tell. */
async function barriersIn(page: Watched["page"]): Promise<unknown[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate(
    'axe.run({resultTypes: ["violations"]})',
  )) as axe.AxeResults;
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => ({ page: page.url(), id, at: nodes.map(({ html }) => html) }));
}

const paths = (batch: string, task: string): [name: string, path: string][] => [
  ["overview", "/"],
  ["batches", "/batches"],
  ["batch", `/batches/${batch}`],
  ["tasks", "/tasks"],
  ["task", `/tasks/${task}`],
  ["dead-letters", "/dead-letters"],
  ["schedules", "/schedules"],
  ["egress", "/egress"],
  ["tools", "/tools"],
];

/** Chromium is Debian's package of that name; CHROMIUM_PATH names another place. */
describe.skipIf(!hasBrowser)("the dashboard in a browser", () => {
  const state = newState();
  let starting: Promise<LocalFleet> | undefined;
  let fleet: LocalFleet;
  let browser: Browser;
  let seen: Watched;
  let batch = "";

  const named = async (name: string) => {
    const api = apiOf(fleet);
    const listed = await api.get<{ tasks: { id: string; custom_id: string }[] }>(
      `/v1/tasks?batch_id=${batch}`,
    );
    return listed.tasks.find((one) => one.custom_id === name)?.id ?? "";
  };

  beforeAll(async () => {
    starting = startFleet(state.dir);
    [fleet, browser] = await Promise.all([starting, startBrowser()]);
    seen = await openPage(browser, { viewport: { width: 1280, height: 860 } });
  }, startMsMax);

  // Also one that was still starting when the patience was over.
  afterAll(async () => {
    await browser?.close();
    await starting?.then((late) => late.stop()).catch(() => undefined);
    state.remove();
  }, startMsMax);

  test("a key is asked for, tried, and kept for the tab alone", async () => {
    const { page } = seen;
    await page.goto(fleet.url);
    await page.getByLabel("API key").fill("key_unknown");
    await seen.shoot("sign-in");
    await page.getByRole("button", { name: "Sign in" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("not known");
    await page.getByLabel("API key").fill(fleet.key);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByText("No batch yet").waitFor();
    await seen.shoot("overview-empty");
    expect(await page.evaluate("sessionStorage.length")).toBe(1);
    expect(
      await page.evaluate("Object.values({...localStorage}).join() + document.cookie"),
    ).not.toContain(fleet.key);
  });

  test("a batch is watched until it ends, and its failed task is understood and redriven", async () => {
    const { page } = seen;
    const { id } = await apiOf(fleet).post<{ id: string }>(
      "/v1/batches",
      JSON.stringify({ tasks }),
    );
    batch = id;
    await page.getByRole("link", { name: "Batches", exact: true }).click();
    await page.locator(`a[href="/batches/${id}"]`).click();
    await page.getByText("3 of 3 tasks ended").waitFor();
    const group = page.getByRole("region", { name: "Why tasks did not succeed" });
    await group.getByText("no healthy backend").click();

    const trouble = page.getByRole("region", { name: "What went wrong" });
    await trouble.getByText("attempts exhausted").waitFor();
    expect(await trouble.textContent()).toContain("no healthy backend");
    expect(await trouble.textContent()).toContain("resume it");
    await page.getByText("1 steps").waitFor();
    await seen.shoot("task-dead");

    await page.getByRole("button", { name: "Redrive" }).click();
    const question = page.getByRole("dialog");
    await question.getByRole("textbox").fill("{not json");
    await question.getByRole("button", { name: "Redrive" }).click();
    await question.getByText("not JSON").waitFor();
    await seen.shoot("redrive");
    await question.getByRole("textbox").fill("");
    await question.getByRole("button", { name: "Redrive" }).click();
    await page.getByText("back again").waitFor();
    await page.getByRole("main").getByText("succeeded", { exact: true }).waitFor();
    expect(await page.getByRole("region", { name: "What went wrong" }).count()).toBe(0);
  });

  test("what an agent wrote is text: it runs nothing, reorders nothing, and is cut", async () => {
    const { page } = seen;
    await page.goto(`${fleet.url}/tasks/${await named("<b>hostile</b>")}`);
    await page.getByRole("heading", { name: "<b>hostile</b>" }).waitFor();
    await page.getByRole("button", { name: "Show the answer" }).click();
    const answer = page.getByRole("region", { name: "Answer" });
    await answer.waitFor();
    const shown = (await answer.textContent()) ?? "";
    expect(shown).toContain("<script>");
    expect(shown).toContain("\u241bred\u241b \u27e8U+202E\u27e9gnp.exe \u2407");
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
    for (const step of await page.locator(".step > details > summary").all()) await step.click();
    await seen.shoot("task-hostile");
    expect(await page.locator("main script, main img, main b > i").count()).toBe(0);
    expect(await page.title()).toContain("hostile");
    expect(seen.complaints).toEqual([]);
  });

  test.each([
    ["light", { viewport: { width: 1280, height: 860 }, colorScheme: "light" }],
    ["dark", { viewport: { width: 1280, height: 860 }, colorScheme: "dark" }],
    ["phone", { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true }],
  ] as const)(
    "every page is whole and accessible: %s",
    async (mode, options) => {
      const { context, page, origins, complaints, shoot } = await openPage(browser, options);
      const key = JSON.stringify(fleet.key);
      await context.addInitScript(`sessionStorage.setItem("flotilla.key", ${key})`);
      const faults: unknown[] = [];
      for (const [name, at] of paths(batch, await named("outage"))) {
        await page.goto(`${fleet.url}${at}`);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "detached" });
        await until(
          () => page.getByRole("status", { name: "Loading" }).count(),
          (loading) => loading === 0,
        );
        await shoot(`${name}-${mode}`);
        const [wide, seenWidth] = (await page.evaluate(
          "[document.documentElement.scrollWidth, innerWidth]",
        )) as [number, number];
        if (wide > seenWidth) faults.push({ name, wide });
        // A phone has the same elements in the same colours.
        if (mode !== "phone") faults.push(...(await barriersIn(page)));
      }
      expect(faults).toEqual([]);
      expect(complaints).toEqual([]);
      expect([...origins]).toEqual([fleet.url]);
      const background = "getComputedStyle(document.documentElement).backgroundColor";
      const page1 = await page.evaluate(background);
      await page.getByLabel("Colours").selectOption(mode === "dark" ? "light" : "dark");
      expect(await page.evaluate(background)).not.toBe(page1);
      await context.close();
    },
    pagesMsMax,
  );

  test("the keyboard goes everywhere, and a hidden tab asks for nothing", async () => {
    const { page } = seen;
    await page.goto(`${fleet.url}/batches`);
    await page.getByRole("region", { name: "Batches" }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.clock.install();
    await page.goto(`${fleet.url}/batches/${batch}`);
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

  test("no request left the origin, and nothing was blocked or broke", () => {
    expect([...seen.origins].filter((origin) => origin !== "null")).toEqual([fleet.url]);
    expect(seen.complaints).toEqual([]);
  });
});
