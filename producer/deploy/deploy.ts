/**
 * A deploy: check the account -> create missing resources -> migrate -> consumer -> producer -> secrets ->
 * health check. Every step can be repeated and finds what an interrupted deploy left, so deploying again
 * repairs it. Whatever can be refused in advance is refused before anything is made.
 */
import path from "node:path";
import { deployedPolicySecrets } from "../../policies/index.ts";
import { findAccount, type ReadApi, readConsumers, readWorker } from "./account.ts";
import { type Choices, type GivenChoices, readSaved, resolveChoices, save } from "./choices.ts";
import { folderOf, readSettings, type WorkerSettings, workers, writeConfigs } from "./configs.ts";
import { deleteContainers } from "./containers.ts";
import { hasMicroVmClass } from "./object_migrations.ts";
import { isMigrated, mustBeOwnBucket, mustBeOwnQueue } from "./ownership.ts";
import { type PlanContext, printPlan } from "./plan.ts";
import { mustHaveAddress, mustHavePlan } from "./preflight.ts";
import { type Resource, resourcesOf } from "./resources.ts";
import { keyName, requiredSecrets, sourceOf } from "./secrets.ts";
import {
  bucketInfo,
  createResource,
  DeployError,
  databaseIds,
  runOrThrow,
  secretNames,
} from "./wrangler.ts";

export interface DeployOptions extends GivenChoices {
  /** The repository. */
  root: string;
  /** The suffix of the name of every Worker and resource. */
  environment: string;
  /** Replace the fleet's own key. */
  newKey: boolean;
  /** Print the plan without an account. */
  dryRun: boolean;
}

export interface DeployContext extends PlanContext {
  /** Reads what no wrangler command prints. */
  api: ReadApi;
  /** Checks the health of the deployed fleet. */
  isHealthy(url: string): Promise<boolean>;
}

export async function deploy(options: DeployOptions, context: DeployContext): Promise<void> {
  const { root, environment, newKey } = options;
  const folder = path.join(root, folderOf(environment));
  const savedChoices = readSaved(folder);
  if (options.dryRun) {
    const choices = resolveChoices(options, savedChoices, null);
    return await printPlan(options, context, readSettings(root, environment, choices, null));
  }
  const account = await findAccount(context.wrangler, context.environment);
  const names = readSettings(root, environment, resolveChoices({}, null, null), null);
  const consumer = await readWorker(context.api, account, String(names.consumer.name));
  await readWorker(context.api, account, String(names.producer.name));
  const choices = resolveChoices(options, savedChoices, consumer);
  printChoices(context, choices);
  const settings = readSettings(root, environment, choices, consumer?.migrationTag ?? null);
  await mustHaveAddress(context.api, account, settings.producer);
  const existingResources = await findResources(options, context, account, settings);
  if (consumer === null) {
    const place = { root, folder: folderOf(environment), account };
    await mustHavePlan(context.wrangler, place, settings.consumer);
  }
  save(folder, choices, false);
  await createMissing(context, settings, existingResources, choices);
  if (!choices.microvm && consumer !== null && hasMicroVmClass(consumer.migrationTag)) {
    const name = String(settings.consumer.name);
    const isDeleted = await deleteContainers(context.wrangler, context.api, account, name);
    if (isDeleted) context.print("deleted the containers of microvm");
  }
  const url = await deployWorkers(options, context, settings);
  const isNewKey = await provideSecrets(context, settings, newKey);
  save(folder, choices, true);
  await printSummary(options, context, url, isNewKey);
}

function printChoices(context: DeployContext, { microvm, metrics, location }: Choices): void {
  const state = (isOn: boolean): string => (isOn ? "on" : "off");
  const place = location === null ? "" : `, location ${location}`;
  context.print(
    `microvm ${state(microvm)}, metrics ${state(metrics)}${place} (as last time where no option is given)`,
  );
}

/** The resources that exist, as "kind name". Rejects one of another project. */
async function findResources(
  { root, environment, location }: DeployOptions,
  { wrangler, api, print }: DeployContext,
  account: string,
  settings: WorkerSettings,
): Promise<Set<string>> {
  const existing = new Set<string>();
  const ids = await databaseIds(wrangler);
  const files = writeConfigs(root, environment, settings, ids);
  const names = workers.map((worker) => String(settings[worker].name));
  const resources = resourcesOf(workers.map((worker) => settings[worker]));
  let hasDatabase = false;
  for (const { kind, name } of resources) {
    if (kind !== "database" || !ids.has(name)) continue;
    existing.add(`database ${name}`);
    hasDatabase = await isMigrated(wrangler, name, files.producer);
    if (location) print(`the database ${name} exists and stays where it is`);
  }
  const checkResource = async ({ kind, name }: Resource): Promise<void> => {
    if (kind === "queue") {
      const consumers = await readConsumers(api, account, name);
      if (consumers === null) return;
      mustBeOwnQueue(name, consumers, names);
    } else if (kind === "bucket") {
      const info = await bucketInfo(wrangler, name);
      if (info === null) return;
      mustBeOwnBucket(name, info, hasDatabase);
    } else return;
    existing.add(`${kind} ${name}`);
  };
  await Promise.all(resources.map(checkResource));
  return existing;
}

async function createMissing(
  context: DeployContext,
  settings: WorkerSettings,
  existing: ReadonlySet<string>,
  { location }: Choices,
): Promise<void> {
  const resources: Resource[] = resourcesOf(workers.map((worker) => settings[worker]));
  for (const resource of resources) {
    const isFound = existing.has(`${resource.kind} ${resource.name}`);
    if (!isFound) await createResource(context.wrangler, resource, location);
    context.print(`${isFound ? "found" : "created"} the ${resource.kind} ${resource.name}`);
  }
}

/** Migrates, deploys both Workers and returns the producer's address, or null if it has none. */
async function deployWorkers(
  { root, environment }: DeployOptions,
  context: DeployContext,
  settings: WorkerSettings,
): Promise<string | null> {
  const ids = await databaseIds(context.wrangler);
  for (const { kind, name } of resourcesOf(workers.map((worker) => settings[worker]))) {
    if (kind === "database" && !ids.has(name)) {
      throw new DeployError(`the database ${name} was created but is not listed yet: deploy again`);
    }
  }
  const files = writeConfigs(root, environment, settings, ids);
  context.print("migrating D1");
  const migrate = ["d1", "migrations", "apply", "DB", "--remote", "-c", files.producer];
  await runOrThrow(context.wrangler, migrate);
  let url: string | null = null;
  for (const worker of workers) {
    context.print(`deploying ${String(settings[worker].name)}`);
    const output = await runOrThrow(context.wrangler, ["deploy", "-c", files[worker]]);
    if (worker === "producer") url = /https:\/\/\S+\.workers\.dev/.exec(output)?.[0] ?? null;
  }
  return url;
}

/**
 * Sets the missing secrets whose values are available. A generated key is shown before it is stored, because
 * any later step may fail. Returns whether it generated one.
 */
async function provideSecrets(
  context: DeployContext,
  settings: WorkerSettings,
  newKey: boolean,
): Promise<boolean> {
  const existingResources = {
    producer: await secretNames(context.wrangler, String(settings.producer.name)),
    consumer: await secretNames(context.wrangler, String(settings.consumer.name)),
  };
  if (newKey) existingResources.producer.delete(keyName);
  let isGenerated = false;
  for (const secret of requiredSecrets(deployedPolicySecrets(), settings.consumer.vars)) {
    if (existingResources[secret.worker].has(secret.name)) continue;
    const source = sourceOf(secret, context.environment);
    const worker = String(settings[secret.worker].name);
    if (source.kind === "missing") {
      context.print(
        `the secret ${secret.name} is not set, so everything that needs it is denied. Set it: npx wrangler secret put ${secret.name} --name ${worker}`,
      );
      continue;
    }
    if (source.kind === "generated") {
      isGenerated = true;
      context.print(
        `\nThe fleet's own key, with all scopes, shown only once, valid from the next line on:\n  ${source.value}`,
      );
    }
    const args = ["secret", "put", secret.name, "--name", worker];
    await runOrThrow(context.wrangler, args, source.value);
    context.print(`set the secret ${secret.name}`);
  }
  return isGenerated;
}

async function printSummary(
  { environment }: DeployOptions,
  context: DeployContext,
  url: string | null,
  isNewKey: boolean,
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
  if (!isNewKey) return;
  context.print(
    [
      "Test the fleet with the key above:",
      `  FLEET_URL=${url ?? "https://…"} FLEET_API_KEY=<the key> npx fleet doctor`,
      "For everyday work, create keys with fewer scopes: npx fleet keys create <name>",
    ].join("\n"),
  );
}
