/**
 * A deploy: look -> create what is missing -> migrate -> consumer -> producer -> secrets -> ask whether it
 * answers. Every step may be repeated, and one that fails leaves nothing that the next deploy does not
 * find again, so a deploy that broke off is mended by another.
 */
import fs from "node:fs";
import path from "node:path";
import { shippedPolicySecrets } from "../../policies/index.ts";
import { microVmImage, withMicroVm } from "../local/microvm.ts";
import { type Resource, resourcesOf } from "./resources.ts";
import { type Source, sourceOf, wantedSecrets } from "./secrets.ts";
import { type Settings, settingsOf, withDatabaseIds } from "./settings.ts";
import {
  createResource,
  databaseIds,
  hasResource,
  insist,
  Refused,
  secretNames,
  type Wrangler,
} from "./wrangler.ts";

export interface Order {
  /** The repository. */
  root: string;
  /** The suffix of every name. */
  environment: string;
  /** With containers for the engine microvm. */
  microvm: boolean;
  /** With a dataset of Workers Analytics Engine. */
  metrics: boolean;
  /** Show what would happen, without an account. */
  dryRun: boolean;
}

export interface Surroundings {
  wrangler: Wrangler;
  environment: Readonly<Record<string, string | undefined>>;
  say(line: string): void;
  /** Whether a deployed fleet answers at this address. */
  answers(url: string): Promise<boolean>;
}

const workers = ["consumer", "producer"] as const;
type Both = Record<(typeof workers)[number], Settings>;

export async function deploy(order: Order, on: Surroundings): Promise<void> {
  const settings = readSettings(order);
  const resources = resourcesOf(workers.map((worker) => settings[worker]));
  if (order.dryRun) return await show(order, on, settings, resources);
  await signedIn(on);
  const ids = await provide(on, resources);
  const files = write(order, settings, ids);
  on.say("migrating D1");
  const migrate = ["d1", "migrations", "apply", "DB", "--remote", "-c", files.producer];
  await insist(on.wrangler, migrate);
  let url: string | null = null;
  for (const worker of workers) {
    on.say(`deploying ${String(settings[worker].name)}`);
    const output = await insist(on.wrangler, ["deploy", "-c", files[worker]]);
    if (worker === "producer") url = /https:\/\/\S+\.workers\.dev/.exec(output)?.[0] ?? null;
  }
  const made = await provideSecrets(on, settings);
  await conclude(order, on, url, made);
}

const folderOf = (environment: string): string => path.join(".build", "deploy", environment);

function readSettings({ root, environment, microvm, metrics }: Order): Both {
  const back = path.relative(folderOf(environment), ".").split(path.sep).join("/");
  const read = (worker: (typeof workers)[number]): Settings => {
    const usual = fs.readFileSync(path.join(root, `wrangler.${worker}.toml`), "utf8");
    const contained = microvm && worker === "consumer";
    const toml = contained ? withMicroVm(usual, microVmImage()) : usual;
    const found = settingsOf(toml, environment, back, metrics ? ["metrics"] : []);
    if (!found.ok) throw new Refused(found.message);
    return found.settings;
  };
  return { consumer: read("consumer"), producer: read("producer") };
}

/** Writes what wrangler reads and answers where each lies. */
function write(
  { root, environment }: Order,
  settings: Both,
  ids: ReadonlyMap<string, string>,
): Record<keyof Both, string> {
  const folder = folderOf(environment);
  fs.mkdirSync(path.join(root, folder), { recursive: true });
  const file = (worker: keyof Both): string => {
    const name = path.join(folder, `wrangler.${worker}.json`);
    const text = JSON.stringify(withDatabaseIds(settings[worker], ids), null, 2);
    fs.writeFileSync(path.join(root, name), `${text}\n`);
    return name;
  };
  return { consumer: file("consumer"), producer: file("producer") };
}

async function show(
  order: Order,
  on: Surroundings,
  settings: Both,
  resources: readonly Resource[],
): Promise<void> {
  on.say(`The plan for ${order.environment}; nothing is sent and no account is asked.`);
  for (const { kind, name } of resources) on.say(`  find or create the ${kind} ${name}`);
  on.say("  apply the migrations of shared/migrations that it lacks");
  const ids = new Map(resources.map(({ name }) => [name, "00000000-0000-0000-0000-000000000000"]));
  const files = write(order, settings, ids);
  for (const worker of workers) {
    const words = ["deploy", "--dry-run", "-c", files[worker], "--outdir"];
    const outdir = path.join(folderOf(order.environment), worker);
    const output = await insist(on.wrangler, [...words, outdir]);
    const size = /Total Upload: ([^\n]+)/.exec(output)?.[1] ?? "size unknown";
    on.say(`  deploy ${String(settings[worker].name)} (${size})`);
  }
  for (const wanted of wantedSecrets(shippedPolicySecrets(), settings.consumer.vars)) {
    const told = sourceText(sourceOf(wanted, on.environment));
    on.say(`  set the secret ${wanted.name} of the ${wanted.worker} unless it is set: ${told}`);
  }
}

function sourceText({ kind }: Source): string {
  switch (kind) {
    case "given":
      return "from the environment";
    case "made":
      return "made here and shown once";
    case "missing":
      return "left to you";
  }
}

async function signedIn(on: Surroundings): Promise<void> {
  const { ok } = await on.wrangler(["whoami", "--json"]);
  if (ok) return;
  throw new Refused(
    "wrangler is not signed in: run npx wrangler login, or set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID",
  );
}

/** Finds or creates each, and answers the ids of the databases. */
async function provide(
  on: Surroundings,
  resources: readonly Resource[],
): Promise<Map<string, string>> {
  const before = await databaseIds(on.wrangler);
  for (const resource of resources) {
    const there = await hasResource(on.wrangler, resource, before);
    if (!there) await createResource(on.wrangler, resource);
    on.say(`${there ? "found" : "created"} the ${resource.kind} ${resource.name}`);
  }
  const ids = await databaseIds(on.wrangler);
  for (const { kind, name } of resources) {
    if (kind === "database" && !ids.has(name)) {
      throw new Refused(`the database ${name} was created and is not listed: deploy again`);
    }
  }
  return ids;
}

/** Sets what is missing and can be had. Answers the key that was made, or null. */
async function provideSecrets(on: Surroundings, settings: Both): Promise<string | null> {
  const held = {
    producer: await secretNames(on.wrangler, String(settings.producer.name)),
    consumer: await secretNames(on.wrangler, String(settings.consumer.name)),
  };
  let made: string | null = null;
  for (const wanted of wantedSecrets(shippedPolicySecrets(), settings.consumer.vars)) {
    if (held[wanted.worker].has(wanted.name)) continue;
    const source = sourceOf(wanted, on.environment);
    const worker = String(settings[wanted.worker].name);
    if (source.kind === "missing") {
      on.say(
        `the secret ${wanted.name} is not set, so what needs it is refused: npx wrangler secret put ${wanted.name} --name ${worker}`,
      );
      continue;
    }
    await insist(on.wrangler, ["secret", "put", wanted.name, "--name", worker], source.value);
    on.say(`set the secret ${wanted.name}`);
    if (source.kind === "made") made = source.value;
  }
  return made;
}

async function conclude(
  { environment }: Order,
  on: Surroundings,
  url: string | null,
  made: string | null,
): Promise<void> {
  if (url === null) {
    on.say(
      `\nDeployed (${environment}). It has no workers.dev address: give it a route or a domain.`,
    );
  } else {
    const state = (await on.answers(`${url}/healthz`))
      ? "It answers."
      : "It does not answer yet: look at /healthz again in a minute.";
    on.say(`\nDeployed (${environment}): ${url}\n${state}`);
  }
  if (made === null) return;
  on.say(
    [
      "\nThe fleet's own key, with all scopes, shown this once:",
      `  ${made}`,
      "Use it to try the fleet:",
      `  FLEET_URL=${url ?? "https://…"} FLEET_API_KEY=<the key> npx fleet doctor`,
      "and make lesser keys with it for everyday work: npx fleet keys create <name>",
    ].join("\n"),
  );
}
