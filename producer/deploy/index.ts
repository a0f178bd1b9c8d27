/** `npm run deploy -- [--environment NAME] [--microvm] [--metrics] [--dry-run]`: both Workers and all they need, on the user's account. */
import path from "node:path";
import { parseArgs } from "node:util";
import { deployLimits } from "../../shared/limits.ts";
import { deploy } from "./deploy.ts";
import { Refused, wranglerOf } from "./wrangler.ts";

const root = path.resolve(import.meta.dirname, "../..");
const usage = "npm run deploy -- [--environment NAME] [--microvm] [--metrics] [--dry-run]";

function ordered() {
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

/** A new Worker's address takes a while to resolve. */
async function answers(url: string): Promise<boolean> {
  for (let ask = 0; ask < deployLimits.healthAsksMax; ask++) {
    const signal = AbortSignal.timeout(deployLimits.healthAskMsMax);
    const response = await fetch(url, { signal, redirect: "manual" }).catch(() => null);
    if (response?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, deployLimits.healthPauseMs));
  }
  return false;
}

const { environment, microvm, metrics, "dry-run": dryRun } = ordered();
try {
  await deploy(
    { root, environment, microvm, metrics, dryRun },
    {
      wrangler: wranglerOf(root),
      environment: process.env,
      say: (line) => console.log(line),
      answers,
    },
  );
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
