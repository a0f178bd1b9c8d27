/** What a person is told at once who starts a fleet with a setting that cannot be read. */
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { startDevServer } from "../../../producer/local/dev_server.ts";
import { modelNote, settingsFault } from "../../../producer/local/settings.ts";
import { freePort, newState } from "./fleet.ts";

test.each<[name: string, value: string, told: string]>([
  ["FLEET_HOSTS", "orders.example", "write host=http://127.0.0.1:port"],
  ["MODEL_PROFILES", "{", "MODEL_PROFILES is not JSON"],
  ["RETENTION_DAYS", "soon", "write a whole number of days"],
  ["SPEND_PER_DAY_USD", "lots", "write dollars a day, such as 5"],
  ["MCP_SERVERS", '{"docs": {"url": "mcp.example"}}', "MCP_SERVERS: docs/url"],
  ["MODEL_BASE_URL", "127.0.0.1:11434", "write an address such as http://127.0.0.1:11434/v1"],
  ["MODEL_RPM", "sixty", "write how many requests a minute"],
  ["MODEL_RPM", "0", "write how many requests a minute"],
  ["BASH_TOOL", "yes", "write on, or leave it out"],
  ["FLEET_MAILBOXES", "[]", "FLEET_MAILBOXES is not JSON of address"],
])("%s=%s", (name, value, told) => {
  expect(settingsFault({ [name]: value })).toContain(told);
});

test("what the documents write can be read, and so can nothing at all", () => {
  expect(settingsFault({})).toBeNull();
  const written = {
    FLEET_HOSTS: "orders.example=http://127.0.0.1:9911",
    MODEL_BASE_URL: "http://127.0.0.1:11434/v1",
    MODEL_RPM: "60",
    SPEND_PER_DAY_USD: "acme=20,*=5",
    RETENTION_DAYS: "forever",
    BASH_TOOL: "on",
  };
  expect(settingsFault(written)).toBeNull();
});

test.each<[name: string, env: Record<string, string>, told: string | null]>([
  ["nothing", {}, null],
  [
    "a model with its endpoint",
    { MODEL: "qwen3:8b", MODEL_BASE_URL: "http://127.0.0.1:1/v1" },
    null,
  ],
  ["a model without one", { MODEL: "qwen3:8b" }, "set MODEL_BASE_URL"],
  ["an endpoint without a model", { MODEL_BASE_URL: "http://127.0.0.1:1/v1" }, "set MODEL to"],
])("of %s is said what is missing", (_name, env, told) => {
  const note = modelNote(env);
  if (told === null) expect(note).toBeNull();
  else expect(note).toContain(told);
});

const starting = async (stateDir: string, port: number) =>
  startDevServer({ port, stateDir, environment: {}, quiet: true });

test("a folder that nothing can be written to is named, with the variable to set", async () => {
  const here = path.join(os.devNull, "state");
  const started = starting(here, await freePort());
  await expect(started).rejects.toThrow(`STATE_DIR is ${here}, where nothing can be written`);
});

test("a port that fetch refuses is told at once, and nothing goes on", async () => {
  const state = newState();
  try {
    await expect(starting(state.dir, 6_000)).rejects.toThrow("set PORT to another one");
  } finally {
    state.remove();
  }
});
