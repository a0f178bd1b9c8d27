import { beforeEach, describe, expect, test } from "vitest";
import { objectMigrations } from "../../../producer/deploy/object_migrations.ts";
import { Account } from "./account.ts";
import { forget, type RunDeployOptions, root, runDeploy } from "./run_deploy.ts";

beforeEach(forget);

const consumer = "flotilla-consumer-production";
const producer = "flotilla-producer-production";
const bindingsOf = (account: Account): string[] => account.workers.get(consumer)?.bindings ?? [];

describe.each([
  ["on the same machine", () => undefined],
  ["on another machine", forget],
])("a later deploy %s", (_, moveOn) => {
  test.each<[string, RunDeployOptions, string]>([
    ["microvm", { microvm: true }, "MICROVM"],
    ["metrics", { metrics: true }, "METRICS"],
  ])("keeps --%s", async (_name, givenOption, binding) => {
    const account = new Account(root);
    await runDeploy(account, givenOption);
    moveOn();
    await runDeploy(account);
    expect(bindingsOf(account)).toContain(binding);
  });

  test("turns microvm off, on and off again, and keeps each state", async () => {
    const account = new Account(root);
    const tags: unknown[] = [];
    for (const microvm of [true, undefined, false, undefined, true, undefined, false]) {
      await runDeploy(account, microvm === undefined ? {} : { microvm });
      moveOn();
      tags.push(account.workers.get(consumer)?.migrationTag);
      expect(account.workers.get(consumer)?.classes).toContain("Governor");
    }
    expect(tags).toEqual([
      ...["microvm", "microvm", "microvm-2", "microvm-2"],
      ...["microvm-3", "microvm-3", "microvm-4"],
    ]);
    expect(bindingsOf(account)).not.toContain("MICROVM");
    expect([...account.containers]).toEqual([]);
  });
});

test("a later deploy from another machine replaces the choices that the folder remembers", async () => {
  const account = new Account(root);
  await runDeploy(account, { metrics: true });
  account.workers.get(consumer)?.bindings.splice(0, Number.POSITIVE_INFINITY, "FLEET_MODE", "DB");
  await runDeploy(account);
  expect(bindingsOf(account)).not.toContain("METRICS");
});

test("the location is given to a new database, also after a deploy that failed", async () => {
  const account = new Account(root);
  account.failing = { args: "d1 create", output: "busy" };
  await expect(runDeploy(account, { location: "weur", metrics: true })).rejects.toThrow("busy");
  account.failing = null;
  await runDeploy(account);
  expect(account.locations).toEqual(["weur"]);
  expect(bindingsOf(account)).toContain("METRICS");
});

test("an option of a deploy that failed over an existing fleet is applied by the next one", async () => {
  const account = new Account(root);
  await runDeploy(account);
  account.failing = { args: "d1 migrations", output: "busy" };
  await expect(runDeploy(account, { metrics: true })).rejects.toThrow("busy");
  account.failing = null;
  await runDeploy(account);
  expect(bindingsOf(account)).toContain("METRICS");
});

test("a location for a database that exists is answered, and changes nothing", async () => {
  const account = new Account(root);
  await runDeploy(account);
  const printed = await runDeploy(account, { location: "apac" });
  expect(printed).toContain("the database flotilla-production exists and stays where it is");
});

test("a migration tag that this version does not know stops the deploy", () => {
  expect(() => objectMigrations([{ tag: "v1" }], "v7", false)).toThrow('"v7"');
});

test("a generated key is shown before it is stored, so that no failure loses it", async () => {
  const account = new Account(root);
  account.failing = { args: "secret put FLEET_API_KEY", output: "the connection was lost" };
  const error = await runDeploy(account).catch((thrown) => thrown);
  expect(error.printed.join("\n")).toMatch(/shown only once.*\n {2}[\w-]{43}$/);
});

test("`--new-key` replaces the key and shows the new one", async () => {
  const account = new Account(root);
  await runDeploy(account);
  const old = account.secrets.get(producer)?.get("FLEET_API_KEY");
  const printed = await runDeploy(account, { newKey: true });
  const key = account.secrets.get(producer)?.get("FLEET_API_KEY") ?? "";
  expect(key).not.toBe(old);
  expect(printed.join("\n")).toContain(key);
});

test("a deploy that breaks off at any call is repaired by the next one", async () => {
  const completeAccount = new Account(root);
  await runDeploy(completeAccount, { microvm: true, metrics: true });
  for (let call = 0; call < completeAccount.calls.length; call++) {
    forget();
    const account = new Account(root);
    account.failingCall = call;
    await expect(runDeploy(account, { microvm: true, metrics: true })).rejects.toThrow();
    const isAsked = account.workers.size > 0 || account.databases.size > 0;
    await runDeploy(account, isAsked ? {} : { microvm: true, metrics: true });
    expect(account.workers.get(consumer)).toEqual(completeAccount.workers.get(consumer));
    expect([...account.queues]).toEqual([...completeAccount.queues]);
    expect([...(account.secrets.get(producer)?.keys() ?? [])]).toEqual(["FLEET_API_KEY"]);
  }
});
