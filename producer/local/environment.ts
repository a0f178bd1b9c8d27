/** The environment of the runtime: the variables of the README's table, and no others of the caller. */
import fs from "node:fs";
import path from "node:path";
import { concurrencyLimits } from "../../shared/limits.ts";

const fleetVariables = [
  "FLEET_API_KEY",
  "MODEL",
  "FALLBACK_MODELS",
  "MODEL_BASE_URL",
  "MODEL_API_KEY",
  "MODEL_RPM",
  "MODEL_PATIENCE",
  "FLEET_CONCURRENCY",
  "MODEL_PROFILES",
  "SPEND_PER_DAY_USD",
  "FLEET_HOSTS",
  "MCP_SERVERS",
  "BASH_TOOL",
  "TOOL_TENANTS",
  "FLEET_MAILBOXES",
  "RETENTION_DAYS",
];
/** Node keeps compiled modules here, which saves a tenth of a start. */
export const compileCache = path.resolve(import.meta.dirname, "../../node_modules/.cache/fleet");

/** The variables that Node and wrangler need. */
const machineVariables = ["PATH", "HOME", "TMPDIR", "LANG", "USERPROFILE", "APPDATA", "SYSTEMROOT"];

export function runtimeEnvironment(
  from: Record<string, string | undefined>,
  stateDir: string,
): Record<string, string> {
  const env: Record<string, string> = {
    FLEET_API_KEY: "dev-key",
    MODEL: "rehearsal",
    FLEET_CONCURRENCY: String(concurrencyLimits.localDefault),
    // `--var` would reach only the first Worker and show secrets in the process list.
    CLOUDFLARE_INCLUDE_PROCESS_ENV: "true",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_WRITE_LOGS: "false",
    WRANGLER_LOG_SANITIZE: "true",
    // A start makes no request outside: neither for a newer wrangler nor for the location of this machine.
    WRANGLER_HIDE_BANNER: "true",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_REGISTRY_PATH: path.join(stateDir, "registry"),
    NO_COLOR: "1",
    FORCE_COLOR: "0",
  };
  for (const name of machineVariables) copy(process.env, env, name);
  for (const name of fleetVariables) copy(from, env, name);
  for (const name of Object.keys(from)) {
    if (/^SECRET_[A-Z0-9_]+$/.test(name)) copy(from, env, name);
  }
  const folder = from.FLEET_POLICY_DIR;
  if (folder !== undefined && folder !== "") env.FLEET_POLICIES = readPolicies(folder);
  return env;
}

function copy(
  from: Record<string, string | undefined>,
  to: Record<string, string>,
  name: string,
): void {
  const value = from[name];
  if (value !== undefined && value !== "") to[name] = value;
}

/** The text of each policy file by its name. The Workers validate it; an invalid policy denies everything. */
function readPolicies(folder: string): string {
  let names: string[];
  try {
    names = fs.readdirSync(folder);
  } catch {
    throw new Error(`FLEET_POLICY_DIR: there is no folder ${folder}: create it, or name another.`);
  }
  const files = names.filter((name) => name.endsWith(".json"));
  return JSON.stringify(
    Object.fromEntries(
      files.map((name) => [
        path.basename(name, ".json"),
        fs.readFileSync(path.join(folder, name), "utf8"),
      ]),
    ),
  );
}
