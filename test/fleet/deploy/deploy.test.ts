import fs from "node:fs";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { requiredSecrets } from "../../../producer/deploy/secrets.ts";
import { Account } from "./account.ts";
import { forget, root, runDeploy } from "./run_deploy.ts";

beforeEach(forget);

const producer = "flotilla-producer-production";

test("a new account gets all resources, migrated before the deploy of both Workers, the consumer first", async () => {
  const account = new Account(root);
  const printed = await runDeploy(account);
  expect([...account.databases.keys()]).toEqual(["flotilla-production"]);
  expect([...account.buckets.keys()]).toEqual(["flotilla-production"]);
  expect([...account.queues.keys()]).toContain("flotilla-tasks-dlq-production");
  const steps = account.calls.filter(
    (line) => /^(d1 migrations|deploy)/.test(line) && !line.includes("probe"),
  );
  expect(steps.map((line) => /(migrations|consumer|producer)/.exec(line)?.[0])).toEqual([
    "migrations",
    "consumer",
    "producer",
  ]);
  expect(printed.join("\n")).toContain(`https://${producer}.someone.workers.dev`);
  const file = path.join(root, ".build/deploy/production/wrangler.producer.json");
  expect(fs.readFileSync(file, "utf8")).toContain("id-of-flotilla-production");
});

test("a second deploy creates no resources and no second key", async () => {
  const account = new Account(root);
  await runDeploy(account);
  const key = account.secrets.get(producer)?.get("FLEET_API_KEY");
  account.calls.length = 0;
  const printed = await runDeploy(account);
  expect(account.calls.filter((line) => /create|secret put/.test(line))).toEqual([]);
  expect(account.secrets.get(producer)?.get("FLEET_API_KEY")).toBe(key);
  expect(printed.join("\n")).not.toContain("shown only once");
});

/** The configuration of the consumer that wrangler reads. */
const consumerConfig = (environment: string): Record<string, unknown> =>
  JSON.parse(
    fs.readFileSync(path.join(root, `.build/deploy/${environment}/wrangler.consumer.json`), "utf8"),
  );

test("containers and a dataset are deployed only with their options", async () => {
  await runDeploy(new Account(root), { name: "staging", microvm: true, metrics: true });
  expect(consumerConfig("staging")).toMatchObject({
    main: "../../../consumer/sandbox/microvm/consumer_with_microvm.ts",
    containers: [{ class_name: "MicroVm" }],
    durable_objects: { bindings: [{ name: "GOVERNOR" }, { name: "MICROVM" }] },
    migrations: [{ tag: "v1" }, { tag: "microvm" }],
    analytics_engine_datasets: [{ binding: "METRICS", dataset: "flotilla_staging" }],
  });
  await runDeploy(new Account(root), { name: "staging", microvm: false, metrics: false });
  const config = consumerConfig("staging");
  expect(config.main).toBe("../../../consumer/index.ts");
  expect([config.containers, config.analytics_engine_datasets]).toEqual([undefined, undefined]);
});

test("a generated key is shown once and is never an argument", async () => {
  const account = new Account(root);
  const printed = await runDeploy(account);
  const key = account.secrets.get(producer)?.get("FLEET_API_KEY") ?? "";
  expect(key.length).toBeGreaterThan(40);
  expect(printed.filter((line) => line.includes(key))).toHaveLength(1);
  expect(account.calls.join("\n")).not.toContain(key);
});

test("secrets of the environment are set and not printed", async () => {
  const environment = { FLEET_API_KEY: "my own key" };
  const account = new Account(root);
  const output = (await runDeploy(account, { environment })).join("\n");
  expect(account.secrets.get(producer)?.get("FLEET_API_KEY")).toBe(environment.FLEET_API_KEY);
  expect(output).not.toContain(environment.FLEET_API_KEY);
});

test("a missing secret is reported with the command that sets it", async () => {
  const file = path.join(root, "wrangler.consumer.toml");
  const original = fs.readFileSync(file, "utf8");
  fs.writeFileSync(
    file,
    original.replace('WORKERS_AI = "bound"', 'MODEL_BASE_URL = "https://m.example"'),
  );
  const output = (await runDeploy(new Account(root))).join("\n");
  fs.writeFileSync(file, original);
  expect(output).toContain(
    "npx wrangler secret put MODEL_API_KEY --name flotilla-consumer-production",
  );
});

test("the secret of the demo's policy is not required", async () => {
  expect((await runDeploy(new Account(root))).join("\n")).not.toContain("ORDERS_TOKEN");
});

test("the key of an endpoint is required if the vars name one", () => {
  const names = (vars: unknown) => requiredSecrets([], vars).map(({ name }) => name);
  expect(names({ MODEL_BASE_URL: "https://models.example/v1" })).toContain("MODEL_API_KEY");
  expect(names(undefined)).toEqual(["FLEET_API_KEY"]);
});

test("another environment has its own names", async () => {
  const account = new Account(root);
  await runDeploy(account, { name: "staging" });
  const resources = [account.databases, account.buckets, account.queues, account.workers];
  const names = resources.flatMap((kind) => [...kind.keys()]);
  expect(names.filter((name) => !name.endsWith("-staging"))).toEqual([]);
});

test("without a sign-in nothing is changed, and the error says how to sign in", async () => {
  const account = new Account(root);
  account.signedIn = false;
  await expect(runDeploy(account)).rejects.toThrow("npx wrangler login");
  expect(account.calls).toEqual(["whoami --json"]);
});

test.each([
  ["/queues?", "cannot read the queue"],
  ["r2 bucket info", "fetch failed"],
  ["d1 list", "not authorised"],
  ["d1 migrations", "a migration failed"],
  ["secret list", "A request failed: 503"],
])("a failing %s stops the deploy with its output", async (args, output) => {
  const account = new Account(root);
  account.failing = { args, output };
  await expect(runDeploy(account)).rejects.toThrow(output);
  if (!args.startsWith("secret")) expect(account.deployed).toEqual([]);
  account.failing = null;
  await runDeploy(account);
  expect(account.deployed.length).toBeGreaterThan(0);
});

test("a dry run leaves the configuration of the last deploy as it is", async () => {
  const account = new Account(root);
  await runDeploy(account);
  await runDeploy(account, { dryRun: true });
  const file = path.join(root, ".build/deploy/production/wrangler.producer.json");
  expect(fs.readFileSync(file, "utf8")).toContain("id-of-flotilla-production");
});

test("a dry run needs no account", async () => {
  const account = new Account(root);
  const printed = await runDeploy(account, { dryRun: true });
  expect(account.calls.every((line) => line.startsWith("deploy --dry-run"))).toBe(true);
  expect(printed.join("\n")).toContain("find or create the queue flotilla-tasks-production");
});
