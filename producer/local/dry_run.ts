/** `npm run check:deploy`: bundles both Workers for both environments, and the consumer with containers, without deploying. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { writeMicroVmConfig } from "./microvm.ts";

const root = path.resolve(import.meta.dirname, "../..");
const wrangler = path.join(root, "node_modules/wrangler/bin/wrangler.js");

const configs: [config: string, environments: string[]][] = [
  ["wrangler.producer.toml", ["", "production"]],
  ["wrangler.consumer.toml", ["", "production"]],
  // The image is a registry reference, so Docker is not needed.
  [writeMicroVmConfig(), ["production"]],
];

const run = promisify(execFile);

/** One line per environment, bundled one after the other because they share a folder. */
async function bundle(config: string, environments: readonly string[]): Promise<string[]> {
  const worker = config.replace(/^\.?wrangler\./, "").replace(/\.toml$/, "");
  const lines: string[] = [];
  for (const environment of environments) {
    const name = `${worker}${environment === "" ? "" : ` (${environment})`}`;
    const { stdout } = await run(
      process.execPath,
      [
        ...[wrangler, "deploy", "--dry-run", "-c", config],
        ...[`--env=${environment}`, "--outdir", `.build/deploy/${worker}`],
      ],
      {
        cwd: root,
        env: {
          ...process.env,
          WRANGLER_SEND_METRICS: "false",
          WRANGLER_HIDE_BANNER: "true",
          NO_COLOR: "1",
        },
      },
    ).catch((error: { stdout?: string; stderr?: string }) => {
      console.error(
        `The dry run of ${name} failed:\n${error.stdout ?? ""}${error.stderr ?? error}`,
      );
      process.exit(1);
    });
    const size = /Total Upload: ([^\n]+)/.exec(stdout)?.[1] ?? "unknown size";
    lines.push(`${name}: deployable, ${size}`);
  }
  return lines;
}

const lines = await Promise.all(
  configs.map(([config, environments]) => bundle(config, environments)),
);
for (const line of lines.flat()) console.log(line);
