import { expect, test } from "vitest";
import type { Stage } from "./stage.ts";

export function signingIn(stage: Stage): void {
  test("a key is asked for, tried, and kept for the tab alone", async () => {
    const { fleet } = stage;
    const { page, shoot } = await stage.open(undefined, null);
    const key = await stage.keyFor("empty");
    await page.goto(fleet.url);
    await page.getByLabel("API key").fill("key_unknown");
    await shoot("sign-in");
    await page.getByRole("button", { name: "Sign in" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("not known");
    await page.getByLabel("API key").fill(key);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByText("No batch yet").waitFor();
    await shoot("overview-empty");
    expect(await page.evaluate("sessionStorage.length")).toBe(1);
    expect(
      await page.evaluate("Object.values({...localStorage}).join() + document.cookie"),
    ).not.toContain(key);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API key").waitFor();
    expect(await page.evaluate("sessionStorage.length")).toBe(0);
  });
}
