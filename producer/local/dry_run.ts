/** `npm run check:deploy`: both Workers in both environments, and the consumer with containers, bundled as a deploy would and sent nowhere. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { writeMicroVmConfig } from "./microvm.ts";

const root = path.resolve(import.meta.dirname, "../..");
const wrangler = path.join(root, "node_modules/wrangler/bin/wrangler.js");

const configs: [config: string, environments: string[]][] = [
  ["wrangler.producer.toml", ["", "production"]],
  ["wrangler.consumer.toml", ["", "production"]],
  // With the container's image as a registry reference, which needs no Docker.
  [writeMicroVmConfig(), ["production"]],
];

for (const [config, environments] of configs) {
  for (const environment of environments) {
    const worker = config.replace(/^\.?wrangler\./, "").replace(/\.toml$/, "");
    const name = `${worker}${environment === "" ? "" : ` (${environment})`}`;
    const run = spawnSync(
      process.execPath,
      [
        ...[wrangler, "deploy", "--dry-run", "-c", config],
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
