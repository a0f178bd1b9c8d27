/** Invalid settings stop `npm start` with a message. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { startDevServer } from "../../../producer/local/dev_server.ts";
import { checkSettings, modelHint } from "../../../producer/local/settings.ts";
import { freePort, newState } from "./fleet.ts";

test.each<[name: string, value: string, message: string]>([
  ["FLEET_HOSTS", "orders.example", "write host=http://127.0.0.1:port"],
  ["MODEL_PROFILES", "{", "MODEL_PROFILES is not JSON"],
  ["RETENTION_DAYS", "soon", "write a whole number of days"],
  ["SPEND_PER_DAY_USD", "lots", "such as 5, or acme=20,*=5"],
  ["MCP_SERVERS", '{"docs": {"url": "mcp.example"}}', "MCP_SERVERS: docs/url"],
  ["MODEL_BASE_URL", "127.0.0.1:11434", "write an address such as http://127.0.0.1:11434/v1"],
  ["MODEL_BASE_URL", "gpu.lan:8000/v1", "write an address such as http://gpu.lan:8000/v1"],
  ["FLEET_CONCURRENCY", "0", "write a whole number from 1 to 1000, such as 32"],
  ["FLEET_CONCURRENCY", "1001", "write a whole number from 1 to 1000, such as 32"],
  ["FLEET_CONCURRENCY", "8.5", "write a whole number from 1 to 1000, such as 32"],
  ["FLEET_CONCURRENCY", "many", "write a whole number from 1 to 1000, such as 32"],
  ["MODEL_PATIENCE", "1 hour", "write a number and s, m, h or d, such as 30m or 1h"],
  ["MODEL_PATIENCE", "60", "write a number and s, m, h or d, such as 30m or 1h"],
  ["MODEL_RPM", "sixty", "write how many requests per minute"],
  ["MODEL_RPM", "0", "write how many requests per minute"],
  ["BASH_TOOL", "yes", "write on, or leave it out"],
  ["FLEET_MAILBOXES", "[]", "FLEET_MAILBOXES is not JSON of address"],
])("%s=%s is reported with what to write", (name, value, message) => {
  expect(checkSettings({ [name]: value })).toMatchObject({
    ok: false,
    error: expect.stringContaining(message),
  });
});

test("documented values and no values are valid", () => {
  expect(checkSettings({}).ok).toBe(true);
  const documented = {
    FLEET_HOSTS: "orders.example=http://127.0.0.1:9911",
    MODEL_BASE_URL: "http://127.0.0.1:11434/v1",
    MODEL_RPM: "60",
    SPEND_PER_DAY_USD: "acme=20,*=5",
    RETENTION_DAYS: "forever",
    FLEET_CONCURRENCY: "1000",
    MODEL_PATIENCE: "90s",
    BASH_TOOL: "on",
  };
  expect(checkSettings(documented).ok).toBe(true);
});

test.each<[name: string, env: Record<string, string>, hint: string | null]>([
  ["nothing", {}, null],
  [
    "a model with its endpoint",
    { MODEL: "qwen3:8b", MODEL_BASE_URL: "http://127.0.0.1:1/v1" },
    null,
  ],
  ["a model without an endpoint", { MODEL: "qwen3:8b" }, "set MODEL_BASE_URL"],
  ["an endpoint without a model", { MODEL_BASE_URL: "http://127.0.0.1:1/v1" }, "set MODEL to"],
])("the hint about %s says what is missing", (_name, env, hint) => {
  if (hint === null) expect(modelHint(env)).toBeNull();
  else expect(modelHint(env)).toContain(hint);
});

const startAt = async (stateDir: string, port: number) =>
  startDevServer({ port, stateDir, environment: {}, quiet: true });

test("a folder that is not writable is reported with the variable to set", async () => {
  const folder = path.join(os.devNull, "state");
  const started = startAt(folder, await freePort());
  await expect(started).rejects.toThrow(`STATE_DIR ${folder} is not writable`);
});

test.skipIf(!fs.existsSync("/proc/self"))(
  "a folder of a pseudo file system is reported, although it may be accessed",
  async () => {
    const started = startAt("/proc/self", await freePort());
    await expect(started).rejects.toThrow("STATE_DIR /proc/self is not writable");
  },
);

test.each([
  ["npm start", "producer/local/start.ts", "is in use: stop the other process, or set PORT"],
  ["npm run demo", "examples/demo/demo.ts", "is in use: choose another"],
])("%s says that its port is taken before it builds anything", async (_name, script, message) => {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const state = newState();
  const env = { ...process.env, PORT: String(port), STATE_DIR: state.dir };
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    env,
    encoding: "utf8",
  });
  server.close();
  state.remove();
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain(message);
});

test("a port that fetch blocks is reported at once, and nothing keeps running", async () => {
  const state = newState();
  try {
    await expect(startAt(state.dir, 6_000)).rejects.toThrow("set PORT to another one");
  } finally {
    state.remove();
  }
});
