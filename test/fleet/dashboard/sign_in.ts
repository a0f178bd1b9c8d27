import { expect, test } from "vitest";
import type { Fixture } from "./fixture.ts";

export function testSignIn(fixture: Fixture): void {
  test("the page asks for an API key, checks it, and stores it only in the tab", async () => {
    const { page, takeScreenshot } = await fixture.open(undefined, null);
    const key = await fixture.keyFor("empty");
    await page.goto(fixture.fleet.url);
    await page.getByLabel("API key").fill("key_unknown");
    await takeScreenshot("sign-in");
    await page.getByRole("button", { name: "Sign in" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("unknown API key");
    await page.getByLabel("API key").fill(key);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByText("No batch yet").waitFor();
    await takeScreenshot("overview-empty");
    expect(await page.evaluate("sessionStorage.length")).toBe(1);
    expect(
      await page.evaluate("Object.values({...localStorage}).join() + document.cookie"),
    ).not.toContain(key);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API key").waitFor();
    expect(await page.evaluate("sessionStorage.length")).toBe(0);
  });
}
