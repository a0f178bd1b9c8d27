import fs from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { root } from "../docs/page.ts";
import { hasBrowser } from "./browser.ts";
import { testEveryPage } from "./every_page.ts";
import { createFixture } from "./fixture.ts";
import { testFlows } from "./flows.ts";
import { testInteraction } from "./interaction.ts";
import { testLargeBatch } from "./large_batch.ts";
import { testSignIn } from "./sign_in.ts";
import { testUntrustedText } from "./untrusted_text.ts";

const scriptBytesMax = 100_000;

test("the first page load takes less than 100 KB of compressed script", () => {
  const folder = path.join(root, ".build/dashboard/assets");
  const scripts = fs.readdirSync(folder).filter((name) => name.endsWith(".js"));
  const sizes = scripts.map((name) => gzipSync(fs.readFileSync(path.join(folder, name))).length);
  expect(scripts.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(scriptBytesMax);
});

/** Uses Debian's package `chromium`, or the browser at CHROMIUM_PATH. */
describe.skipIf(!hasBrowser)("the dashboard in a browser", () => {
  const fixture = createFixture();
  testSignIn(fixture);
  testFlows(fixture);
  testUntrustedText(fixture);
  testLargeBatch(fixture);
  testEveryPage(fixture);
  testInteraction(fixture);
});
