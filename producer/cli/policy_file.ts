import { readFile } from "node:fs/promises";
import path from "node:path";
import type { CliContext } from "./context.ts";

/** The text of a policy file, or of a named policy in policies/ or FLEET_POLICY_DIR; null if there is none. */
export async function readPolicyFile(
  fileOrName: string,
  environment: CliContext["environment"],
): Promise<string | null> {
  const isName = /^[a-z0-9][a-z0-9_-]*$/.test(fileOrName);
  const shippedFolder = path.join(import.meta.dirname, "../../policies");
  const candidates = [
    fileOrName,
    ...(isName ? [path.join(shippedFolder, `${fileOrName}.json`)] : []),
    ...(isName && environment.FLEET_POLICY_DIR
      ? [path.join(environment.FLEET_POLICY_DIR, `${fileOrName}.json`)]
      : []),
  ];
  for (const candidate of candidates) {
    const text = await readFile(candidate, "utf8").catch(() => null);
    if (text !== null) return text;
  }
  return null;
}
