/** `npm run deploy`: deploys both Workers and their resources. Options that are not given stay as they were. */
import path from "node:path";
import { parseArgs } from "node:util";
import { deployLimits } from "../../shared/limits.ts";
import { createReadApi } from "./account.ts";
import { locations } from "./choices.ts";
import { deploy } from "./deploy.ts";
import { createWrangler, DeployError } from "./wrangler.ts";

const root = path.resolve(import.meta.dirname, "../..");
const usage = `npm run deploy -- [--environment NAME] [--[no-]microvm] [--[no-]metrics] [--location ${locations.join("|")}] [--new-key] [--dry-run]`;

function parseOptions() {
  try {
    const { values } = parseArgs({
      allowNegative: true,
      options: {
        environment: { type: "string", short: "e", default: "production" },
        microvm: { type: "boolean" },
        metrics: { type: "boolean" },
        location: { type: "string" },
        "new-key": { type: "boolean", default: false },
        "dry-run": { type: "boolean", default: false },
      },
    });
    if (values.location === undefined || locations.includes(values.location)) return values;
    throw new Error(`unknown location "${values.location}": use ${locations.join(", ")}`);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}

/** Retries, because a new Worker's address takes a while to resolve. */
async function isHealthy(url: string): Promise<boolean> {
  for (let check = 0; check < deployLimits.healthChecksMax; check++) {
    const signal = AbortSignal.timeout(deployLimits.healthCheckMsMax);
    const response = await fetch(url, { signal, redirect: "manual" }).catch(() => null);
    if (response?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, deployLimits.healthCheckPauseMs));
  }
  return false;
}

const { "dry-run": dryRun, "new-key": newKey, ...choices } = parseOptions();
const wrangler = createWrangler(root);
const apiUrl = process.env.CLOUDFLARE_API_BASE_URL ?? "https://api.cloudflare.com/client/v4";
try {
  await deploy(
    { root, ...choices, newKey, dryRun },
    {
      wrangler,
      api: createReadApi(wrangler, apiUrl),
      environment: process.env,
      print: (line) => console.log(line),
      isHealthy,
    },
  );
} catch (error) {
  if (!(error instanceof DeployError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
