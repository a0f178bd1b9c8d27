import { readFile } from "node:fs/promises";
import path from "node:path";
import type { CliContext } from "./surroundings.ts";

/** The text of a policy file, or of a policy in policies/ or FLEET_POLICY_DIR by its name; null where there is none. */
export async function policyText(
  given: string,
  environment: CliContext["environment"],
): Promise<string | null> {
  const isName = /^[a-z0-9][a-z0-9_-]*$/.test(given);
  const folder = path.join(import.meta.dirname, "../../policies");
  const candidates = [
    given,
    ...(isName ? [path.join(folder, `${given}.json`)] : []),
    ...(isName && environment.FLEET_POLICY_DIR
      ? [path.join(environment.FLEET_POLICY_DIR, `${given}.json`)]
      : []),
  ];
  for (const candidate of candidates) {
    const text = await readFile(candidate, "utf8").catch(() => null);
    if (text !== null) return text;
  }
  return null;
}
