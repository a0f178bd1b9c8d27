/**
 * The configuration of a deploy: the production part of each wrangler file, with the names of one
 * environment. The files themselves are never changed, so the repository never has ids of an account.
 */
import { parse } from "smol-toml";
import { err, ok, type Result } from "../../shared/result.ts";

export type Settings = Record<string, unknown>;

/** Top-level settings of every environment; all others are only for local runs. */
const inheritedFields = [
  "main",
  "compatibility_date",
  "compatibility_flags",
  "workers_dev",
  "rules",
  "observability",
  "assets",
];

/** Fields with names of the account, which differ between environments. */
const nameFields = [
  "name",
  "database_name",
  "bucket_name",
  "queue",
  "dead_letter_queue",
  "service",
];

/** Fields with a path, relative to the configuration file. */
const pathFields = ["main", "migrations_dir", "directory"];

const environmentName = /^[a-z][a-z0-9-]{0,20}$/;

/**
 * The settings of one Worker. `toml` is the text of its wrangler file, `environment` the suffix of every
 * name, `root` the path from the written configuration to the repository. `parts` are optional sections of the
 * file, such as `[env.metrics]`, that are merged into the production part.
 */
export function deploySettings(
  toml: string,
  environment: string,
  root: string,
  parts: readonly string[] = [],
): Result<Settings, string> {
  if (!environmentName.test(environment)) {
    return err(
      `"${environment}" is not a valid environment name: use lower-case letters, digits and dashes, such as staging`,
    );
  }
  const file = parse(toml) as Settings;
  const environments = record(file.env);
  const settings: Settings = {};
  for (const name of inheritedFields) if (file[name] !== undefined) settings[name] = file[name];
  Object.assign(settings, record(environments.production));
  for (const part of parts) merge(settings, record(environments[part]));
  return ok(adaptTo(environment, root, settings) as Settings);
}

const record = (value: unknown): Settings => (isTable(value) ? value : {});

/** Appends lists, merges tables, and replaces everything else. */
function merge(target: Settings, source: Settings): void {
  for (const [name, value] of Object.entries(source)) {
    const previous = target[name];
    if (Array.isArray(previous) && Array.isArray(value)) target[name] = [...previous, ...value];
    else if (isTable(previous) && isTable(value)) {
      const mergedList = { ...previous };
      merge(mergedList, value);
      target[name] = mergedList;
    } else target[name] = value;
  }
}

const isTable = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Renames the resources for the environment, and makes paths relative to the configuration. */
function adaptTo(environment: string, root: string, value: unknown, field = ""): unknown {
  if (Array.isArray(value)) return value.map((each) => adaptTo(environment, root, each, field));
  if (isTable(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, adaptTo(environment, root, inner, name)]),
    );
  }
  if (typeof value !== "string") return value;
  // Queries use the dataset name without quotes, so it must not have a dash.
  if (field === "dataset")
    return value.replace(/_production$/, `_${environment.replaceAll("-", "_")}`);
  if (nameFields.includes(field)) return value.replace(/-production$/, `-${environment}`);
  return pathFields.includes(field) ? `${root}/${value}` : value;
}

/** Adds the ids of the databases, by their names. */
export function withDatabaseIds(settings: Settings, ids: ReadonlyMap<string, string>): Settings {
  const databases = (settings.d1_databases ?? []) as { database_name: string }[];
  return {
    ...settings,
    d1_databases: databases.map((each) => ({ ...each, database_id: ids.get(each.database_name) })),
  };
}
