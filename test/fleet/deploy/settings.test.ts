import fs from "node:fs";
import { expect, test } from "vitest";
import { resourcesOf } from "../../../producer/deploy/resources.ts";
import {
  deploySettings,
  type Settings,
  withDatabaseIds,
} from "../../../producer/deploy/settings.ts";

const toml = `
name = "flotilla-thing"
main = "thing/index.ts"
compatibility_flags = ["nodejs_compat"]

[vars]
FLEET_MODE = "local"

[[queues.producers]]
binding = "LOCAL"
queue = "local"

[env.production]
name = "flotilla-thing-production"
vars = { FLEET_MODE = "deployed", NOTE = "kept-production" }

[[env.production.d1_databases]]
binding = "DB"
database_name = "flotilla-production"
database_id = "flotilla-production"
migrations_dir = "shared/migrations"

[[env.production.queues.consumers]]
queue = "flotilla-tasks-production"
dead_letter_queue = "flotilla-tasks-dlq-production"

[[env.extra.queues.consumers]]
queue = "flotilla-extra-production"
`;

function settings(environment: string, parts: string[] = []): Settings {
  const result = deploySettings(toml, environment, "../../..", parts);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

test("only the names of an environment differ", () => {
  expect(settings("staging")).toMatchObject({
    name: "flotilla-thing-staging",
    vars: { FLEET_MODE: "deployed", NOTE: "kept-production" },
    d1_databases: [{ database_name: "flotilla-staging" }],
    queues: { consumers: [{ queue: "flotilla-tasks-staging" }] },
  });
});

test("settings that are only for local runs are left out, and paths point to the repository", () => {
  const { queues, main, d1_databases, compatibility_flags } = settings("production") as {
    queues: Settings;
    main: string;
    d1_databases: Settings[];
    compatibility_flags: string[];
  };
  expect(queues.producers).toBeUndefined();
  expect(main).toBe("../../../thing/index.ts");
  expect(d1_databases[0]?.migrations_dir).toBe("../../../shared/migrations");
  expect(compatibility_flags).toEqual(["nodejs_compat"]);
});

test("an optional part is merged: its lists are appended", () => {
  const { queues } = settings("staging", ["extra"]) as { queues: { consumers: unknown[] } };
  expect(queues.consumers).toEqual([
    { queue: "flotilla-tasks-staging", dead_letter_queue: "flotilla-tasks-dlq-staging" },
    { queue: "flotilla-extra-staging" },
  ]);
});

test("a database gets its id from the account", () => {
  const settingsWithIds = withDatabaseIds(
    settings("staging"),
    new Map([["flotilla-staging", "an-id"]]),
  );
  expect(settingsWithIds.d1_databases).toMatchObject([{ database_id: "an-id" }]);
});

test.each(["", "Prod", "a b", "-x", "x".repeat(30)])(
  "%j is not a valid environment name",
  (name) => {
    expect(deploySettings(toml, name, "..")).toMatchObject({ ok: false });
  },
);

test("the files of both Workers name every resource once, all of the same environment", () => {
  const configs = ["consumer", "producer"].map((worker) => {
    const result = deploySettings(
      fs.readFileSync(`wrangler.${worker}.toml`, "utf8"),
      "staging",
      "..",
    );
    if (!result.ok) throw new Error(result.error);
    return result.value;
  });
  const names = resourcesOf(configs).map(({ kind, name }) => `${kind} ${name}`);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain("queue flotilla-tasks-dlq-staging");
  expect(names.filter((name) => !name.endsWith("-staging"))).toEqual([]);
});
