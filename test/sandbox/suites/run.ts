/**
 * `npm run test:sandbox`: what the sandbox does as Node does. The costs of packages, the ordinary programs, and of other engines'
 * suites, from copies outside of the repository, what they name: WPT_DIR for the Web Platform Tests, TEST262_DIR
 * for test262. With arguments, only these areas of the Web Platform Tests. The counts are kept in
 * docs/sandboxes.md and may not fall.
 */
import { printCosts } from "./costs.ts";
import { runOrdinary } from "./ordinary.ts";
import { startSandbox } from "./sandbox_worker.ts";
import { runTest262 } from "./test262.ts";
import { runWpt } from "./wpt.ts";

const { WPT_DIR, TEST262_DIR } = process.env;
const areas = process.argv.slice(2);
const sandbox = await startSandbox();
try {
  if (areas.length === 0) {
    await printCosts(sandbox);
    await runOrdinary(sandbox);
  }
  if (TEST262_DIR !== undefined) await runTest262(TEST262_DIR, sandbox);
  if (WPT_DIR !== undefined) await runWpt(WPT_DIR, sandbox, areas);
} finally {
  await sandbox.stop();
}
