import { beforeEach, describe, expect, test } from "vitest";
import { Account } from "./account.ts";
import { forget, root, runDeploy } from "./run_deploy.ts";

beforeEach(forget);

/** The contents of an account, which a rejected deploy must not change. */
const contentOf = (account: Account): string =>
  JSON.stringify(
    [account.databases, account.tables, account.buckets, account.queues, account.workers].map(
      (kind) => [...kind],
    ),
  );

describe("an account on which a deploy cannot succeed is rejected before anything is made", () => {
  test.each<[string, (account: Account) => void, string]>([
    [
      "several accounts and none chosen",
      (account) => account.accounts.push({ id: "account-2", name: "two" }),
      "CLOUDFLARE_ACCOUNT_ID",
    ],
    ["no account", (account) => account.accounts.splice(0), "CLOUDFLARE_ACCOUNT_ID"],
    [
      "no workers.dev name",
      (account) => {
        account.hasSubdomain = false;
      },
      "no workers.dev name",
    ],
    [
      "no paid plan",
      (account) => {
        account.hasPlan = false;
      },
      "Workers Paid",
    ],
    [
      "another project's database",
      (account) => {
        account.databases.set("flotilla-production", "an-id");
        account.tables.set("flotilla-production", ["customers", "tasks"]);
      },
      "the database flotilla-production is not a fleet's: it has customers",
    ],
    [
      "another project's queue",
      (account) => void account.queues.set("flotilla-tasks-production", "other-worker"),
      "its consumer is worker:other-worker",
    ],
    [
      "another project's bucket",
      (account) => void account.buckets.set("flotilla-production", 7),
      "it has 7 objects",
    ],
    [
      "another project's Worker",
      (account) =>
        void account.workers.set("flotilla-producer-production", {
          migrationTag: null,
          classes: new Set(),
          bindings: ["DB"],
        }),
      "a Worker flotilla-producer-production that is not a fleet's",
    ],
    [
      "a consumer with a migration of a newer version",
      (account) =>
        void account.workers.set("flotilla-consumer-production", {
          migrationTag: "v9",
          classes: new Set(),
          bindings: ["DB", "FLEET_MODE"],
        }),
      '"v9"',
    ],
  ])("%s", async (_, prepare, message) => {
    const account = new Account(root);
    prepare(account);
    const before = contentOf(account);
    await expect(runDeploy(account)).rejects.toThrow(message);
    expect(contentOf(account)).toBe(before);
  });
});

test("the chosen one of several accounts is used", async () => {
  const account = new Account(root);
  account.accounts.push({ id: "account-2", name: "two" });
  await runDeploy(account, { environment: { CLOUDFLARE_ACCOUNT_ID: "account-2" } });
  const paths = account.calls.filter((line) => line.startsWith("GET"));
  expect(paths.every((line) => line.startsWith("GET /accounts/account-2/"))).toBe(true);
});

test("empty resources of a deploy that was broken off are used", async () => {
  const account = new Account(root);
  account.databases.set("flotilla-production", "an-id");
  account.buckets.set("flotilla-production", 0);
  account.queues.set("flotilla-tasks-production", null);
  const printed = await runDeploy(account);
  expect(printed).toContain("found the queue flotilla-tasks-production");
});
