/** The environment of the runtime: what CONTRACT names, and nothing else of the caller's. */
import fs from "node:fs";
import path from "node:path";

const passed = [
  "FLEET_API_KEY",
  "MODEL",
  "FALLBACK_MODELS",
  "MODEL_BASE_URL",
  "MODEL_API_KEY",
  "MODEL_RPM",
  "MODEL_PROFILES",
  "SPEND_PER_DAY_USD",
  "FLEET_HOSTS",
  "MCP_SERVERS",
  "BASH_TOOL",
  "TOOL_TENANTS",
  "FLEET_MAILBOXES",
  "RETENTION_DAYS",
];
/** What Node and wrangler need of the machine. */
const machine = ["PATH", "HOME", "TMPDIR", "LANG", "USERPROFILE", "APPDATA", "SYSTEMROOT"];

export function fleetEnvironment(
  from: Record<string, string | undefined>,
  stateDir: string,
): Record<string, string> {
  const env: Record<string, string> = {
    FLEET_API_KEY: "dev-key",
    MODEL: "rehearsal",
    // `--var` would reach the first Worker alone and show secrets in the process list.
    CLOUDFLARE_INCLUDE_PROCESS_ENV: "true",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_WRITE_LOGS: "false",
    WRANGLER_LOG_SANITIZE: "true",
    // A start asks nobody outside: not for a newer wrangler, not for where this machine stands.
    WRANGLER_HIDE_BANNER: "true",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_REGISTRY_PATH: path.join(stateDir, "registry"),
    NO_COLOR: "1",
    FORCE_COLOR: "0",
  };
  for (const name of machine) copy(process.env, env, name);
  for (const name of passed) copy(from, env, name);
  for (const name of Object.keys(from)) {
    if (/^SECRET_[A-Z0-9_]+$/.test(name)) copy(from, env, name);
  }
  const folder = from.FLEET_POLICY_DIR;
  if (folder !== undefined && folder !== "") env.FLEET_POLICIES = policiesIn(folder);
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

/** Each file's text under its name; the Workers validate it, and an invalid policy denies. */
function policiesIn(folder: string): string {
  let names: string[];
  try {
    names = fs.readdirSync(folder);
  } catch {
    throw new Error(`FLEET_POLICY_DIR: there is no folder ${folder}.`);
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
