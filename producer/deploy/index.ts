/** `npm run deploy -- [--environment NAME] [--microvm] [--metrics] [--dry-run]`: deploys both Workers and their resources. */
import path from "node:path";
import { parseArgs } from "node:util";
import { deployLimits } from "../../shared/limits.ts";
import { deploy } from "./deploy.ts";
import { createWrangler, DeployError } from "./wrangler.ts";

const root = path.resolve(import.meta.dirname, "../..");
const usage = "npm run deploy -- [--environment NAME] [--microvm] [--metrics] [--dry-run]";

function parseOptions() {
  try {
    return parseArgs({
      options: {
        environment: { type: "string", short: "e", default: "production" },
        microvm: { type: "boolean", default: false },
        metrics: { type: "boolean", default: false },
        "dry-run": { type: "boolean", default: false },
      },
    }).values;
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

const { environment, microvm, metrics, "dry-run": dryRun } = parseOptions();
try {
  await deploy(
    { root, environment, microvm, metrics, dryRun },
    {
      wrangler: createWrangler(root),
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
