/** The system's Chromium, and a record of its requests and errors. */
import fs from "node:fs";
import path from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { root } from "../docs/page.ts";

const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";

/** Without CHROMIUM_PATH a missing browser skips the tests; a path that is set must exist. */
export const hasBrowser = process.env.CHROMIUM_PATH !== undefined || fs.existsSync(executablePath);

/** Ignored by git. */
const screenshots = path.join(root, ".build/screenshots");

export async function startBrowser(): Promise<Browser> {
  fs.mkdirSync(screenshots, { recursive: true });
  return chromium.launch({
    executablePath,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
}

export interface RecordedPage {
  context: BrowserContext;
  page: Page;
  /** The origins of every request, navigations included. */
  origins: Set<string>;
  /** Errors of the page: exceptions, and what its policy blocked. */
  errors: string[];
  takeScreenshot(name: string): Promise<void>;
}

export async function openPage(
  browser: Browser,
  options: Parameters<Browser["newContext"]>[0],
): Promise<RecordedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const origins = new Set<string>();
  const errors: string[] = [];
  context.on("request", (request) => origins.add(new URL(request.url()).origin));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("dialog", (dialog) => errors.push(`a dialog: ${dialog.message()}`));
  page.on("console", (message) => {
    const text = message.text();
    // Chromium also logs responses with an error status, which are not faults of the page.
    const isStatus = text.startsWith("Failed to load resource");
    if (message.type() === "error" && !isStatus) errors.push(text);
  });
  const takeScreenshot = async (name: string) => {
    await page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });
  };
  return { context, page, origins, errors, takeScreenshot };
}
