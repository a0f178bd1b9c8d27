/** `npm run check:deploy`: both Workers, both environments, bundled as a deploy would and sent nowhere. */
import { spawnSync } from "node:child_process";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
const wrangler = path.join(root, "node_modules/wrangler/bin/wrangler.js");

for (const worker of ["producer", "consumer"]) {
  for (const environment of ["", "production"]) {
    const name = `${worker}${environment === "" ? "" : ` (${environment})`}`;
    const run = spawnSync(
      process.execPath,
      [
        ...[wrangler, "deploy", "--dry-run", "-c", `wrangler.${worker}.toml`],
        ...[`--env=${environment}`, "--outdir", `.build/deploy/${worker}`],
      ],
      {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" },
      },
    );
    if (run.status !== 0) {
      console.error(`The dry run of ${name} failed:\n${run.stdout}${run.stderr}`);
      process.exit(1);
    }
    const size = /Total Upload: ([^\n]+)/.exec(run.stdout)?.[1] ?? "size unknown";
    console.log(`${name}: deployable, ${size}`);
  }
}
