/** `npm run check:deploy`: both Workers in both environments, and the consumer with containers, bundled as a deploy would and sent nowhere. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { writeMicroVmConfig } from "./microvm.ts";

const root = path.resolve(import.meta.dirname, "../..");
const wrangler = path.join(root, "node_modules/wrangler/bin/wrangler.js");

const configs: [config: string, environments: string[]][] = [
  ["wrangler.producer.toml", ["", "production"]],
  ["wrangler.consumer.toml", ["", "production"]],
  // With the container's image as a registry reference, which needs no Docker.
  [writeMicroVmConfig(), ["production"]],
];

const run = promisify(execFile);

/** One line for each environment of a Worker, which share a folder and so come one after the other. */
async function bundled(config: string, environments: readonly string[]): Promise<string[]> {
  const worker = config.replace(/^\.?wrangler\./, "").replace(/\.toml$/, "");
  const lines: string[] = [];
  for (const environment of environments) {
    const name = `${worker}${environment === "" ? "" : ` (${environment})`}`;
    const told = await run(
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
    const size = /Total Upload: ([^\n]+)/.exec(told.stdout)?.[1] ?? "size unknown";
    lines.push(`${name}: deployable, ${size}`);
  }
  return lines;
}

const all = await Promise.all(
  configs.map(([config, environments]) => bundled(config, environments)),
);
for (const line of all.flat()) console.log(line);
