/**
 * `npm run test:sandbox`: what the sandbox passes of other engines' suites, from copies outside of the
 * repository: WPT_DIR for the Web Platform Tests, TEST262_DIR for test262. The counts are kept in
 * docs/sandboxes.md and may not fall.
 */
import { startSandbox } from "./sandbox_worker.ts";
import { runTest262 } from "./test262.ts";
import { runWpt } from "./wpt.ts";

const { WPT_DIR, TEST262_DIR } = process.env;
if (WPT_DIR === undefined && TEST262_DIR === undefined) {
  console.log("Set WPT_DIR or TEST262_DIR to a copy of the suite.");
  process.exit(2);
}
const sandbox = await startSandbox();
try {
  if (TEST262_DIR !== undefined) await runTest262(TEST262_DIR, sandbox);
  if (WPT_DIR !== undefined) await runWpt(WPT_DIR, sandbox);
} finally {
  await sandbox.stop();
}
