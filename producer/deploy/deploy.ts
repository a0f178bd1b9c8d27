/**
 * A deploy: list resources -> create missing ones -> migrate -> consumer -> producer -> secrets -> health
 * check. Every step can be repeated and finds what an interrupted deploy left, so deploying again repairs it.
 */
import fs from "node:fs";
import path from "node:path";
import { shippedPolicySecrets } from "../../policies/index.ts";
import { microVmImage, withMicroVm } from "../local/microvm.ts";
import { type Resource, resourcesOf } from "./resources.ts";
import { requiredSecrets, type Source, sourceOf } from "./secrets.ts";
import { deploySettings, type Settings, withDatabaseIds } from "./settings.ts";
import {
  createResource,
  DeployError,
  databaseIds,
  hasResource,
  runOrThrow,
  secretNames,
  type Wrangler,
} from "./wrangler.ts";

export interface DeployOptions {
  /** The repository. */
  root: string;
  /** The suffix of every name. */
  environment: string;
  /** With containers for the `microvm` engine. */
  microvm: boolean;
  /** With a Workers Analytics Engine dataset. */
  metrics: boolean;
  /** Print the plan without an account. */
  dryRun: boolean;
}

export interface DeployContext {
  wrangler: Wrangler;
  environment: Readonly<Record<string, string | undefined>>;
  print(line: string): void;
  /** Checks the health of the deployed fleet. */
  isHealthy(url: string): Promise<boolean>;
}

const workers = ["consumer", "producer"] as const;
type WorkerSettings = Record<(typeof workers)[number], Settings>;

export async function deploy(options: DeployOptions, context: DeployContext): Promise<void> {
  const settings = readSettings(options);
  const resources = resourcesOf(workers.map((worker) => settings[worker]));
  if (options.dryRun) return await printPlan(options, context, settings, resources);
  await mustBeSignedIn(context);
  const ids = await provideResources(context, resources);
  const files = writeConfigs(options, settings, ids);
  context.print("migrating D1");
  const migrate = ["d1", "migrations", "apply", "DB", "--remote", "-c", files.producer];
  await runOrThrow(context.wrangler, migrate);
  let url: string | null = null;
  for (const worker of workers) {
    context.print(`deploying ${String(settings[worker].name)}`);
    const output = await runOrThrow(context.wrangler, ["deploy", "-c", files[worker]]);
    if (worker === "producer") url = /https:\/\/\S+\.workers\.dev/.exec(output)?.[0] ?? null;
  }
  const generatedKey = await provideSecrets(context, settings);
  await printSummary(options, context, url, generatedKey);
}

const folderOf = (environment: string): string => path.join(".build", "deploy", environment);

function readSettings({ root, environment, microvm, metrics }: DeployOptions): WorkerSettings {
  const toRoot = path.relative(folderOf(environment), ".").split(path.sep).join("/");
  const read = (worker: (typeof workers)[number]): Settings => {
    const usual = fs.readFileSync(path.join(root, `wrangler.${worker}.toml`), "utf8");
    const toml = microvm && worker === "consumer" ? withMicroVm(usual, microVmImage()) : usual;
    const settings = deploySettings(toml, environment, toRoot, metrics ? ["metrics"] : []);
    if (!settings.ok) throw new DeployError(settings.error);
    return settings.value;
  };
  return { consumer: read("consumer"), producer: read("producer") };
}

/** Writes the configurations that wrangler reads, and returns their paths. */
function writeConfigs(
  { root, environment }: DeployOptions,
  settings: WorkerSettings,
  ids: ReadonlyMap<string, string>,
): Record<keyof WorkerSettings, string> {
  const folder = folderOf(environment);
  fs.mkdirSync(path.join(root, folder), { recursive: true });
  const file = (worker: keyof WorkerSettings): string => {
    const name = path.join(folder, `wrangler.${worker}.json`);
    const text = JSON.stringify(withDatabaseIds(settings[worker], ids), null, 2);
    fs.writeFileSync(path.join(root, name), `${text}\n`);
    return name;
  };
  return { consumer: file("consumer"), producer: file("producer") };
}

async function printPlan(
  options: DeployOptions,
  context: DeployContext,
  settings: WorkerSettings,
  resources: readonly Resource[],
): Promise<void> {
  context.print(
    `The plan for ${options.environment}. Nothing is deployed, and no account is needed.`,
  );
  for (const { kind, name } of resources) context.print(`  find or create the ${kind} ${name}`);
  context.print("  apply the new migrations of shared/migrations");
  const ids = new Map(resources.map(({ name }) => [name, "00000000-0000-0000-0000-000000000000"]));
  const files = writeConfigs(options, settings, ids);
  for (const worker of workers) {
    const args = ["deploy", "--dry-run", "-c", files[worker], "--outdir"];
    const outdir = path.join(folderOf(options.environment), worker);
    const output = await runOrThrow(context.wrangler, [...args, outdir]);
    const size = /Total Upload: ([^\n]+)/.exec(output)?.[1] ?? "unknown size";
    context.print(`  deploy ${String(settings[worker].name)} (${size})`);
  }
  for (const secret of requiredSecrets(shippedPolicySecrets(), settings.consumer.vars)) {
    const source = sourceText(sourceOf(secret, context.environment));
    context.print(
      `  set the secret ${secret.name} of the ${secret.worker} if it is not set: ${source}`,
    );
  }
}

function sourceText({ kind }: Source): string {
  switch (kind) {
    case "environment":
      return "from the environment";
    case "generated":
      return "generated and shown once";
    case "missing":
      return "you must set it";
  }
}

async function mustBeSignedIn(context: DeployContext): Promise<void> {
  const { ok } = await context.wrangler(["whoami", "--json"]);
  if (ok) return;
  throw new DeployError(
    "wrangler is not signed in: run npx wrangler login, or set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID",
  );
}

/** Finds or creates each resource, and returns the ids of the databases. */
async function provideResources(
  context: DeployContext,
  resources: readonly Resource[],
): Promise<Map<string, string>> {
  const before = await databaseIds(context.wrangler);
  for (const resource of resources) {
    const exists = await hasResource(context.wrangler, resource, before);
    if (!exists) await createResource(context.wrangler, resource);
    context.print(`${exists ? "found" : "created"} the ${resource.kind} ${resource.name}`);
  }
  const ids = await databaseIds(context.wrangler);
  for (const { kind, name } of resources) {
    if (kind === "database" && !ids.has(name)) {
      throw new DeployError(`the database ${name} was created but is not listed yet: deploy again`);
    }
  }
  return ids;
}

/** Sets the missing secrets whose values are available. Returns the generated key, or null. */
async function provideSecrets(
  context: DeployContext,
  settings: WorkerSettings,
): Promise<string | null> {
  const existing = {
    producer: await secretNames(context.wrangler, String(settings.producer.name)),
    consumer: await secretNames(context.wrangler, String(settings.consumer.name)),
  };
  let generatedKey: string | null = null;
  for (const secret of requiredSecrets(shippedPolicySecrets(), settings.consumer.vars)) {
    if (existing[secret.worker].has(secret.name)) continue;
    const source = sourceOf(secret, context.environment);
    const worker = String(settings[secret.worker].name);
    if (source.kind === "missing") {
      context.print(
        `the secret ${secret.name} is not set, so everything that needs it is denied. Set it: npx wrangler secret put ${secret.name} --name ${worker}`,
      );
      continue;
    }
    await runOrThrow(
      context.wrangler,
      ["secret", "put", secret.name, "--name", worker],
      source.value,
    );
    context.print(`set the secret ${secret.name}`);
    if (source.kind === "generated") generatedKey = source.value;
  }
  return generatedKey;
}

async function printSummary(
  { environment }: DeployOptions,
  context: DeployContext,
  url: string | null,
  generatedKey: string | null,
): Promise<void> {
  if (url === null) {
    context.print(
      `\nDeployed (${environment}). It has no workers.dev address: add a route or a domain.`,
    );
  } else {
    const state = (await context.isHealthy(`${url}/healthz`))
      ? "It is healthy."
      : "It does not answer yet: check /healthz again in a minute.";
    context.print(`\nDeployed (${environment}): ${url}\n${state}`);
  }
  if (generatedKey === null) return;
  context.print(
    [
      "\nThe fleet's own key, with all scopes, shown only once:",
      `  ${generatedKey}`,
      "Test the fleet with it:",
      `  FLEET_URL=${url ?? "https://…"} FLEET_API_KEY=<the key> npx fleet doctor`,
      "For everyday work, create keys with fewer scopes: npx fleet keys create <name>",
    ].join("\n"),
  );
}
