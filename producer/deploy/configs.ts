/** The configuration files of a deploy, in `.build/deploy/<environment>/`, which wrangler reads. */
import fs from "node:fs";
import path from "node:path";
import { microVmImage, withMicroVm } from "../local/microvm.ts";
import type { Choices } from "./choices.ts";
import { objectMigrations } from "./object_migrations.ts";
import { deploySettings, type Settings, withDatabaseIds } from "./settings.ts";
import { DeployError } from "./wrangler.ts";

/** The order of the deploy: the consumer understands what a newer producer sends. */
export const workers = ["consumer", "producer"] as const;

export type WorkerSettings = Record<(typeof workers)[number], Settings>;

/** Relative to the repository. */
export const folderOf = (environment: string): string => path.join(".build", "deploy", environment);

/** `migrationTag` is that of the deployed consumer, null if there is none. */
export function readSettings(
  root: string,
  environment: string,
  { microvm, metrics }: Choices,
  migrationTag: string | null,
): WorkerSettings {
  const toRoot = path.relative(folderOf(environment), ".").split(path.sep).join("/");
  const read = (worker: (typeof workers)[number], adapt = (toml: string) => toml): Settings => {
    const toml = adapt(fs.readFileSync(path.join(root, `wrangler.${worker}.toml`), "utf8"));
    const settings = deploySettings(toml, environment, toRoot, metrics ? ["metrics"] : []);
    if (!settings.ok) throw new DeployError(settings.error);
    return settings.value;
  };
  const defaultConfig = read("consumer");
  const consumer = microvm
    ? read("consumer", (toml) => withMicroVm(toml, microVmImage()))
    : { ...defaultConfig };
  const migrations = defaultConfig.migrations as Record<string, unknown>[];
  consumer.migrations = objectMigrations(migrations, migrationTag, microvm);
  return { consumer, producer: read("producer") };
}

/** Writes the configurations and returns their paths. A plan has its own, because its ids are not real. */
export function writeConfigs(
  root: string,
  environment: string,
  settings: WorkerSettings,
  ids: ReadonlyMap<string, string>,
  prefix: "wrangler" | "plan" = "wrangler",
): Record<keyof WorkerSettings, string> {
  const folder = folderOf(environment);
  fs.mkdirSync(path.join(root, folder), { recursive: true });
  const file = (worker: keyof WorkerSettings): string => {
    const name = path.join(folder, `${prefix}.${worker}.json`);
    const text = JSON.stringify(withDatabaseIds(settings[worker], ids), null, 2);
    fs.writeFileSync(path.join(root, name), `${text}\n`);
    return name;
  };
  return { consumer: file("consumer"), producer: file("producer") };
}
