import fs from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { root } from "../docs/page.ts";
import { hasBrowser } from "./browser.ts";
import { everyPage } from "./every_page.ts";
import { following } from "./following.ts";
import { largeBatch } from "./large_batch.ts";
import { looking } from "./looking.ts";
import { signingIn } from "./signing_in.ts";
import { stage } from "./stage.ts";
import { strangers } from "./strangers.ts";

const scriptBytesMax = 100_000;

test("the first view takes less than 100 KB of script, compressed", () => {
  const folder = path.join(root, ".build/dashboard/assets");
  const scripts = fs.readdirSync(folder).filter((name) => name.endsWith(".js"));
  const sizes = scripts.map((name) => gzipSync(fs.readFileSync(path.join(folder, name))).length);
  expect(scripts.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(scriptBytesMax);
});

/** Chromium is Debian's package of that name; CHROMIUM_PATH names another place. */
describe.skipIf(!hasBrowser)("the dashboard in a browser", () => {
  const one = stage();
  signingIn(one);
  following(one);
  strangers(one);
  largeBatch(one);
  everyPage(one);
  looking(one);
});
