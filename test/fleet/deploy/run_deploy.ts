/** Deploys to an account in memory, from a repository of its own. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { deploy } from "../../../producer/deploy/deploy.ts";
import type { Account } from "./account.ts";

/** A separate repository, so that tests do not write into this one. */
export const root = fs.mkdtempSync(path.join(os.tmpdir(), "deploy-"));
// Test files may share this module, so the end of one file must not remove the folder.
process.on("exit", () => fs.rmSync(root, { recursive: true, force: true }));

export interface RunDeployOptions {
  environment?: Record<string, string>;
  name?: string;
  dryRun?: boolean;
  microvm?: boolean;
  metrics?: boolean;
  location?: string;
  newKey?: boolean;
}

export async function runDeploy(
  account: Account,
  options: RunDeployOptions = {},
): Promise<string[]> {
  const printed: string[] = [];
  const { environment = {}, name = "production", dryRun = false, newKey = false } = options;
  const { microvm, metrics, location } = options;
  await deploy(
    { root, environment: name, microvm, metrics, location, newKey, dryRun },
    {
      wrangler: account.wrangler,
      api: account.api,
      environment,
      print: (line) => void printed.push(line),
      isHealthy: async () => true,
    },
  ).catch((error) => {
    // What the user sees of a deploy that failed.
    throw Object.assign(error, { printed });
  });
  return printed;
}

/** Makes the repository again, as on a new clone: what an earlier deploy kept is only in its account. */
export function forget(): void {
  fs.rmSync(root, { recursive: true, force: true });
  fs.mkdirSync(root);
  for (const file of ["wrangler.consumer.toml", "wrangler.producer.toml"]) {
    fs.copyFileSync(file, path.join(root, file));
  }
}
