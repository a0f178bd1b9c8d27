/**
 * What is deployed: the production part of each wrangler file, under the names of one environment, as a
 * configuration that wrangler reads as it is. The files themselves are never changed, so no id of an
 * account ever stands in the repository.
 */
import { parse } from "smol-toml";

export type Settings = Record<string, unknown>;
export type Found = { ok: true; settings: Settings } | { ok: false; message: string };

/** Top-level settings that hold for every environment; all others belong to local runs. */
const inherited = [
  "main",
  "compatibility_date",
  "compatibility_flags",
  "workers_dev",
  "rules",
  "observability",
  "assets",
];

/** Fields that name something of the account, and so differ between environments. */
const naming = ["name", "database_name", "bucket_name", "queue", "dead_letter_queue", "service"];

/** Fields that hold a path, which wrangler reads from where the configuration lies. */
const paths = ["main", "migrations_dir", "directory"];

const environmentName = /^[a-z][a-z0-9-]{0,20}$/;

/**
 * The settings of one Worker. `toml` is the text of its wrangler file, `environment` the suffix of every
 * name, `from` what leads from the written configuration back to the repository. With `parts`, optional
 * sections of the file are laid over the production part, such as `[env.metrics]`.
 */
export function settingsOf(
  toml: string,
  environment: string,
  from: string,
  parts: readonly string[] = [],
): Found {
  if (!environmentName.test(environment)) {
    const message = `"${environment}" is no name of an environment: write lower-case letters, digits and dashes, such as staging`;
    return { ok: false, message };
  }
  const file = parse(toml) as Settings;
  const environments = record(file.env);
  const settings: Settings = {};
  for (const name of inherited) if (file[name] !== undefined) settings[name] = file[name];
  Object.assign(settings, record(environments.production));
  for (const part of parts) overlay(settings, record(environments[part]));
  return { ok: true, settings: renamed(settings, environment, from) as Settings };
}

const record = (value: unknown): Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Settings) : {};

/** Lists grow, tables are merged, everything else is replaced. */
function overlay(onto: Settings, more: Settings): void {
  for (const [name, value] of Object.entries(more)) {
    const held = onto[name];
    if (Array.isArray(held) && Array.isArray(value)) onto[name] = [...held, ...value];
    else if (isTable(held) && isTable(value)) {
      const merged = { ...held };
      overlay(merged, value);
      onto[name] = merged;
    } else onto[name] = value;
  }
}

const isTable = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function renamed(value: unknown, environment: string, from: string, field = ""): unknown {
  if (Array.isArray(value)) return value.map((each) => renamed(each, environment, from, field));
  if (isTable(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, held]) => [name, renamed(held, environment, from, name)]),
    );
  }
  if (typeof value !== "string") return value;
  // Queries name a dataset without quotes, so its name has no dash.
  if (field === "dataset")
    return value.replace(/_production$/, `_${environment.replaceAll("-", "_")}`);
  if (naming.includes(field)) return value.replace(/-production$/, `-${environment}`);
  return paths.includes(field) ? `${from}/${value}` : value;
}

/** The same settings with the ids of the account's databases, by their names. */
export function withDatabaseIds(settings: Settings, ids: ReadonlyMap<string, string>): Settings {
  const databases = (settings.d1_databases ?? []) as { database_name: string }[];
  return {
    ...settings,
    d1_databases: databases.map((each) => ({ ...each, database_id: ids.get(each.database_name) })),
  };
}
