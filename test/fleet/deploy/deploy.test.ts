import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { deploy } from "../../../producer/deploy/deploy.ts";
import { wantedSecrets } from "../../../producer/deploy/secrets.ts";
import { Account } from "./account.ts";

/** A repository of its own, so that no test writes into this one. */
const root = fs.mkdtempSync(path.join(os.tmpdir(), "deploy-"));
for (const file of ["wrangler.consumer.toml", "wrangler.producer.toml"]) {
  fs.copyFileSync(file, path.join(root, file));
}
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

async function deployed(
  account: Account,
  more: {
    environment?: Record<string, string>;
    name?: string;
    dryRun?: boolean;
    microvm?: boolean;
    metrics?: boolean;
  } = {},
): Promise<string[]> {
  const said: string[] = [];
  const order = {
    root,
    environment: more.name ?? "production",
    microvm: more.microvm ?? false,
    metrics: more.metrics ?? false,
    dryRun: more.dryRun ?? false,
  };
  await deploy(order, {
    wrangler: account.wrangler,
    environment: more.environment ?? {},
    say: (line) => void said.push(line),
    answers: async () => true,
  });
  return said;
}

const producer = "flotilla-producer-production";

test("a new account gets everything, migrated before both Workers, the consumer first", async () => {
  const account = new Account();
  const said = await deployed(account);
  expect([...account.databases.keys()]).toEqual(["flotilla-production"]);
  expect([...account.buckets]).toEqual(["flotilla-production"]);
  expect(account.queues).toContain("flotilla-tasks-dlq-production");
  const order = account.told.filter((line) => /^(d1 migrations|deploy)/.test(line));
  expect(order.map((line) => /(migrations|consumer|producer)/.exec(line)?.[0])).toEqual([
    "migrations",
    "consumer",
    "producer",
  ]);
  expect(said.join("\n")).toContain(`https://${producer}.someone.workers.dev`);
  const written = path.join(root, ".build/deploy/production/wrangler.producer.json");
  expect(fs.readFileSync(written, "utf8")).toContain("id-of-flotilla-production");
});

test("a second deploy creates nothing and makes no second key", async () => {
  const account = new Account();
  await deployed(account);
  const key = account.secrets.get(producer)?.get("FLEET_API_KEY");
  account.told.length = 0;
  const said = await deployed(account);
  expect(account.told.filter((line) => /create|secret put/.test(line))).toEqual([]);
  expect(account.secrets.get(producer)?.get("FLEET_API_KEY")).toBe(key);
  expect(said.join("\n")).not.toContain("shown this once");
});

/** What wrangler is given for the consumer. */
const consumerOf = (environment: string): Record<string, unknown> =>
  JSON.parse(
    fs.readFileSync(path.join(root, `.build/deploy/${environment}/wrangler.consumer.json`), "utf8"),
  );

test("containers and a dataset are deployed where they are asked for, and only there", async () => {
  await deployed(new Account(), { name: "staging", microvm: true, metrics: true });
  expect(consumerOf("staging")).toMatchObject({
    main: "../../../consumer/sandbox/microvm/consumer_with_microvm.ts",
    containers: [{ class_name: "MicroVm" }],
    durable_objects: { bindings: [{ name: "GOVERNOR" }, { name: "MICROVM" }] },
    migrations: [{ tag: "v1" }, { tag: "microvm" }],
    analytics_engine_datasets: [{ binding: "METRICS", dataset: "flotilla_staging" }],
  });
  await deployed(new Account(), { name: "staging" });
  const plain = consumerOf("staging");
  expect(plain.main).toBe("../../../consumer/index.ts");
  expect([plain.containers, plain.analytics_engine_datasets]).toEqual([undefined, undefined]);
});

test("a made key is shown once and never stands in an argument", async () => {
  const account = new Account();
  const said = await deployed(account);
  const key = account.secrets.get(producer)?.get("FLEET_API_KEY") ?? "";
  expect(key.length).toBeGreaterThan(40);
  expect(said.filter((line) => line.includes(key))).toHaveLength(1);
  expect(account.told.join("\n")).not.toContain(key);
});

test("secrets of the environment are set and not shown; one that nobody has is named", async () => {
  const given = { FLEET_API_KEY: "a key of one's own" };
  const account = new Account();
  const said = (await deployed(account, { environment: given })).join("\n");
  expect(account.secrets.get(producer)?.get("FLEET_API_KEY")).toBe(given.FLEET_API_KEY);
  expect(said).not.toContain(given.FLEET_API_KEY);
  expect(said).toContain("npx wrangler secret put SECRET_ORDERS_TOKEN");
});

test("the key of an endpoint is asked for where the vars name one", () => {
  const names = (vars: unknown) => wantedSecrets([], vars).map(({ name }) => name);
  expect(names({ MODEL_BASE_URL: "https://models.example/v1" })).toContain("MODEL_API_KEY");
  expect(names(undefined)).toEqual(["FLEET_API_KEY"]);
});

test("another environment has names of its own", async () => {
  const account = new Account();
  await deployed(account, { name: "staging" });
  const all = [...account.databases.keys(), ...account.buckets, ...account.queues];
  expect(all.filter((name) => !name.endsWith("-staging"))).toEqual([]);
});

test("without a sign-in nothing is touched, and the way in is named", async () => {
  const account = new Account();
  account.signedIn = false;
  await expect(deployed(account)).rejects.toThrow("npx wrangler login");
  expect(account.told).toEqual(["whoami --json"]);
});

test.each([
  ["queues info", "A request to the Cloudflare API failed: 500"],
  ["r2 bucket info", "fetch failed"],
  ["d1 list", "not authorised"],
  ["d1 migrations", "a migration failed"],
  ["secret list", "A request failed: 503"],
])("a failing %s stops the deploy with what it said", async (words, output) => {
  const account = new Account();
  account.failing = { words, output };
  await expect(deployed(account)).rejects.toThrow(output);
  if (!words.startsWith("secret")) expect(account.deployed).toEqual([]);
  account.failing = null;
  await deployed(account);
  expect(account.deployed.length).toBeGreaterThan(0);
});

test("a dry run asks no account", async () => {
  const account = new Account();
  const said = await deployed(account, { dryRun: true });
  expect(account.told.every((line) => line.startsWith("deploy --dry-run"))).toBe(true);
  expect(said.join("\n")).toContain("find or create the queue flotilla-tasks-production");
});
