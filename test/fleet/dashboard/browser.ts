/** The system's Chromium, and a record of what it asked for and complained of. */
import fs from "node:fs";
import path from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { root } from "../docs/page.ts";

const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";

/** A machine without a browser has its path named by nobody; where one is named, it must be there. */
export const hasBrowser = process.env.CHROMIUM_PATH !== undefined || fs.existsSync(executablePath);

/** Where a person finds what the pages look like; ignored by git. */
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

export interface Watched {
  context: BrowserContext;
  page: Page;
  /** The origins of every request, navigations included. */
  origins: Set<string>;
  /** What went wrong in the page: exceptions, and what its policy blocked. */
  complaints: string[];
  shoot(name: string): Promise<void>;
}

export async function openPage(
  browser: Browser,
  options: Parameters<Browser["newContext"]>[0],
): Promise<Watched> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const origins = new Set<string>();
  const complaints: string[] = [];
  context.on("request", (request) => origins.add(new URL(request.url()).origin));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
  page.on("console", (message) => {
    // An answer that is no 200 is told there too, and is none of the page's faults.
    const told = message.text();
    if (message.type() === "error" && !told.startsWith("Failed to load resource")) {
      complaints.push(told);
    }
  });
  const shoot = async (name: string) => {
    await page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });
  };
  return { context, page, origins, complaints, shoot };
}
