/** User mistakes: each is one line that says what to do, with the right exit code. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { processContext } from "../../../../producer/cli/context.ts";
import { batchWith, fakeFleet, fleet, taskWith } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-mistakes-"));
afterAll(() => rmSync(folder, { recursive: true }));
const launcher = path.resolve("producer/cli/fleet.mjs");

const files: Record<string, string | Uint8Array> = {
  "latin.jsonl": new Uint8Array([0x22, 0xe9, 0x22]),
  "bad.json": '{"tasks": [1,',
  "wide.csv": 'name,note\n"a\nb",1\nc,2,3\n',
  "narrow.csv": "name,note\nonly\n",
  "semicolons.csv": "name;note\na;1,5\n",
  "open.csv": 'name,note\na,"1\n',
  "within.csv": 'name,note\na,1"2"\n',
};
for (const [name, content] of Object.entries(files))
  writeFileSync(path.join(folder, name), content);
mkdirSync(path.join(folder, "tasks"));
const pathOf = (name: string) => path.join(folder, name);

describe("a file that cannot be submitted is a usage error with one line", () => {
  test.each<[args: string[], message: string]>([
    [["submit", "none.jsonl"], `none.jsonl: there is no such file in ${process.cwd()}`],
    [["submit", pathOf("none.jsonl")], "none.jsonl: there is no such file"],
    [["submit", pathOf("tasks")], "tasks: it is a folder: name a file in it"],
    [["inputs", "put", pathOf("none.csv")], "none.csv: there is no such file"],
    [["submit", pathOf("latin.jsonl")], "is not UTF-8 text: save it as UTF-8"],
    [["submit", pathOf("bad.json")], "bad.json is not JSON: "],
    [["submit", "-"], "standard input is empty: write one task per line"],
    [
      ["submit", pathOf("wide.csv"), "--prompt", "{{name}}"],
      'line 4 of the CSV file has 3 cells, but the header has 2: put a cell that contains "," in double quotes',
    ],
    [
      ["submit", pathOf("narrow.csv"), "--prompt", "{{name}}"],
      "line 2 of the CSV file has 1 cell, but the header has 2: ",
    ],
    [
      ["submit", pathOf("semicolons.csv"), "--prompt", "{{name}}"],
      'if the columns are separated by ;, pass --delimiter ";"',
    ],
    [
      ["submit", pathOf("open.csv"), "--prompt", "{{name}}"],
      "close it, or double it if it is part of the text",
    ],
    [["submit", pathOf("within.csv"), "--prompt", "{{name}}"], "line 2 has a double quote inside"],
  ])("%j", async (args, message) => {
    const result = await fleet([...args, "--url", "http://127.0.0.1:1"]);
    expect(result).toMatchObject({ code: 2, out: "", err: expect.stringContaining(message) });
    expect(result.err.trimEnd().split("\n")).toHaveLength(1);
  });
});

test.each([
  ["task", ["get", "task_1"], "GET /v1/tasks/task_1", "fleet list"],
  ["batch", ["watch", "batch_1"], "GET /v1/batches/batch_1", "fleet batches"],
  ["key", ["keys", "revoke", "key_1"], "DELETE /v1/keys/key_1", "fleet keys"],
])(
  "the error for an unknown %s names the command that lists them",
  async (kind, args, call, command) => {
    const error = { code: "not_found", message: `no ${kind} with this id` };
    const { url } = await fakeFleet({ [call]: { status: 404, body: { error } } });
    const { code, err } = await fleet([...args, "--url", url]);
    expect([code, err]).toEqual([
      5,
      `fleet: no ${kind} with this id at ${url}: list them with ${command}\n`,
    ]);
  },
);

test("the error for an invalid address names the option and the variable", async () => {
  const { code, err } = await fleet(["list"], { environment: { FLEET_URL: "fleet.example" } });
  expect([code, err]).toEqual([2, expect.stringContaining("--url or FLEET_URL must be")]);
});

describe("at a terminal", () => {
  const { stdout } = process;
  const original = Object.getOwnPropertyDescriptor(stdout, "isTTY");
  afterEach(() => {
    vi.unstubAllEnvs();
    if (original === undefined) Reflect.deleteProperty(stdout, "isTTY");
    else Object.defineProperty(stdout, "isTTY", original);
  });

  test.each<[what: string, env: Record<string, string>, interactive: boolean, coloured: boolean]>([
    ["bars and colours are shown", { NO_COLOR: "", TERM: "xterm" }, true, true],
    ["NO_COLOR disables colours", { NO_COLOR: "1", TERM: "xterm" }, true, false],
    ["TERM=dumb disables both", { NO_COLOR: "", TERM: "dumb" }, false, false],
  ])("%s", (_case, env, interactive, coloured) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    Object.defineProperty(stdout, "isTTY", { value: true, configurable: true });
    expect(processContext()).toMatchObject({ interactive, coloured });
  });

  test("tables have no escape sequences without colours", async () => {
    const { url } = await fakeFleet({
      "GET /v1/tasks": { body: { tasks: [taskWith({})], next_cursor: null } },
      "GET /v1/batches": { body: { batches: [batchWith({ succeeded: 1 })], next_cursor: null } },
    });
    for (const command of ["list", "batches"]) {
      const { out } = await fleet([command, "--url", url], { interactive: true, coloured: false });
      expect(out).not.toContain("\u001b");
    }
  });
});

describe("an output that cannot be written", () => {
  const environment = { PATH: process.env.PATH };

  test.skipIf(!existsSync("/dev/full"))("is reported in one line when the device is full", () => {
    const result = spawnSync(process.execPath, [launcher, "--help"], {
      encoding: "utf8",
      env: environment,
      stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
    });
    expect(result.stderr).toBe(
      "fleet: cannot write to standard output (ENOSPC): redirect it to another place\n",
    );
    expect(result.status).toBe(1);
  });

  test("does not change the exit code if it is standard error", async () => {
    const child = spawn(process.execPath, [launcher, "get", "42"], { env: environment });
    child.stderr.destroy();
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(2);
  });
});

test("the help says that lists are one JSON object a line", async () => {
  const { out } = await fleet(["list", "--help"]);
  expect(out.replaceAll(/\s+/g, " ")).toContain("print JSON; lists are one JSON object a line");
});
