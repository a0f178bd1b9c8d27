/** Tells a fleet's resources from those of another project with the same name, which a deploy must not touch. */
import { DeployError, parseJsonIn, runOrThrow, type Wrangler } from "./wrangler.ts";

const advice = "deploy with another --environment";

/** Rejects a database that another project fills. True if a fleet has migrated it, false if it is empty. */
export async function isMigrated(
  wrangler: Wrangler,
  name: string,
  configFile: string,
): Promise<boolean> {
  const sql =
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%' AND name <> 'd1_migrations'";
  const command = ["d1", "execute", "DB", "--remote", "--json", "-c", configFile];
  const output = await runOrThrow(wrangler, [...command, "--command", sql]);
  const [reply] = parseJsonIn(output) as { results: { name: string }[] }[];
  const names = (reply?.results ?? []).map((row) => row.name);
  if (names.includes("task_status")) return true;
  if (names.length === 0) return false;
  throw new DeployError(
    `the database ${name} is not a fleet's: it has ${names.slice(0, 3).join(", ")}, and no view task_status. Nothing was changed: ${advice}`,
  );
}

/** `consumers` are what `readConsumers` returns. */
export function mustBeOwnQueue(
  name: string,
  consumers: readonly string[],
  workers: readonly string[],
): void {
  const ownWorkers = workers.map((worker) => `worker:${worker}`);
  const foreign = consumers.find((each) => !ownWorkers.includes(each));
  if (foreign === undefined) return;
  throw new DeployError(
    `the queue ${name} is not a fleet's: its consumer is ${foreign}. Nothing was changed: ${advice}`,
  );
}

/**
 * `info` is what `wrangler r2 bucket info --json` prints. A bucket that has objects while the fleet's database does
 * not exist belongs to something else, so the deploy stops.
 */
export function mustBeOwnBucket(name: string, info: string, hasDatabase: boolean): void {
  const { object_count } = parseJsonIn(info) as { object_count?: string };
  if (hasDatabase || object_count === undefined || object_count === "0") return;
  throw new DeployError(
    `the bucket ${name} is not this fleet's: it has ${object_count} objects, and the account has no database of this environment. Nothing was changed: ${advice}, or empty the bucket`,
  );
}
