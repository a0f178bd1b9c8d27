import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Command } from "commander";
import { afterAll, describe, expect, test } from "vitest";
import { argumentOffer, unknown } from "../../../producer/cli/completion/completion.ts";
import { completionScript } from "../../../producer/cli/completion/scripts.ts";
import { fleetProgram } from "../../../producer/cli/program.ts";
import { processSurroundings } from "../../../producer/cli/surroundings.ts";
import { batchWith, fakeFleet, fleet, taskWith } from "./fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-completion-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The words that Tab offers for a line of words, of which the last is being written. */
async function offered(...words: string[]): Promise<string[]> {
  const ran = await fleet(["__complete", "--", ...words]);
  expect(ran).toMatchObject({ code: 0, err: "" });
  return ran.out.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0] ?? ""]));
}

describe("what Tab offers without a fleet", () => {
  test.each([
    [["sub"], ["submit"]],
    [["schedules", "en"], ["enable"]],
    [
      ["submit", "--after"],
      ["--after", "--after-status"],
    ],
    [["keys", "create", "--u"], ["--url"]],
    [["list", "--status", "s"], ["succeeded"]],
    [["list", "--status=dead", "--li"], ["--limit"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["submit", ""], [":files"]],
    [["submit", "a.csv", "--schema", ""], [":files"]],
    [["policy", "check", "a.yaml", ""], [":files"]],
    [["submit", "a.csv", "--prompt", ""], []],
    [["submit", "a.csv", "b"], []],
    [["submit", "--", "--after"], [":files"]],
    [["nonsense", ""], []],
  ])("%j", async (words, expected) => {
    expect(await offered(...words)).toEqual(expected);
  });

  test("every command but the hidden one", async () => {
    const words = await offered("");
    expect(words).toEqual(expect.arrayContaining(["submit", "inbox", "completion", "help"]));
    expect(words).not.toContain("__complete");
  });

  test("something known for every argument of every command", () => {
    const bind = () => async () => {};
    const every = (command: Command): Command[] => [command, ...command.commands.flatMap(every)];
    const all = every(fleetProgram(processSurroundings(), bind, false));
    const missed = all
      .filter((command) => command.name() !== "__complete")
      .flatMap((command) =>
        command.registeredArguments
          .filter((argument) => argumentOffer(command, argument) === unknown)
          .map((argument) => `${command.name()} ${argument.name()}`),
      );
    expect(all.length).toBeGreaterThan(30);
    expect(missed).toEqual([]);
  });
});

const schedule = {
  id: "sched_1",
  cron: "0 2 * * *",
  timezone: "UTC",
  items: { inline: [] },
  enabled: true,
  next_ticks: [],
};
const key = {
  tenant: "default",
  scopes: ["read"],
  created_at: "2026-11-25T09:00:00.000Z",
  expires_at: null,
  last_used_at: null,
};
const script = {
  "GET /v1/tasks": { body: { tasks: [taskWith({ custom_id: "a" })], next_cursor: null } },
  "GET /v1/batches": { body: { batches: [batchWith({ queued: 2 })], next_cursor: null } },
  "GET /v1/schedules": {
    body: {
      schedules: [
        { ...schedule, name: "leads" },
        { ...schedule, id: "sched_2", name: "every night" },
      ],
      next_cursor: null,
    },
  },
  "GET /v1/keys": {
    body: {
      keys: [
        { ...key, id: "key_1", name: "nightly", revoked_at: null },
        { ...key, id: "key_2", name: "old", revoked_at: "2026-11-25T10:00:00.000Z" },
      ],
      next_cursor: null,
    },
  },
  "GET /v1/webhooks/dead": {
    body: { webhooks: [{ id: "hook_1", subject: "task_1", url: "https://a.example" }] },
  },
};

describe("what Tab offers of a fleet's", () => {
  test.each([
    [
      ["watch", ""],
      ["task_1", "batch_1"],
    ],
    [["watch", "batch_"], ["batch_1"]],
    [["steps", ""], ["task_1"]],
    [["results", "batch_2"], []],
    [["submit", "--after", ""], ["batch_1"]],
    // A name with a space is no one word, so its id stands for it.
    [
      ["schedules", "run", ""],
      ["leads", "sched_2"],
    ],
    [
      ["schedules", "run", "sched_"],
      ["sched_1", "sched_2"],
    ],
    [["keys", "revoke", ""], ["key_1"]],
    [["webhooks", "redeliver", ""], ["hook_1"]],
  ])("%j", async (words, expected) => {
    const { url } = await fakeFleet(script);
    expect(await offered("--url", url, ...words)).toEqual(expected);
    expect(await offered(`--url=${url}`, ...words)).toEqual(expected);
  });

  test("says beside an id what it is", async () => {
    const { url } = await fakeFleet(script);
    const { out } = await fleet(["__complete", "--", "--url", url, "get", ""]);
    expect(out).toBe("task_1\tsucceeded, a\nbatch_1\trunning, 2 tasks\n");
  });

  test("asks only for what the word can still become, with the key of the line", async () => {
    const { url, received } = await fakeFleet(script);
    await offered("--url", url, "--key", "k1", "get", "task_");
    expect(received.map(({ path: asked }) => asked)).toEqual(["/v1/tasks?limit=100"]);
    expect(received[0]?.headers.authorization).toBe("Bearer k1");
  });

  test("is never more than a word to the shell, whatever a server answers", async () => {
    const hostile = ["task_1; rm -rf x", "task_$(id)", "-task", "task_2\ntask_3"];
    const tasks = hostile.map((id) => taskWith({ id }));
    const { url } = await fakeFleet({ "GET /v1/tasks": { body: { tasks, next_cursor: null } } });
    expect(await offered("--url", url, "steps", "")).toEqual([]);
  });

  test.each([
    ["nothing answers", "http://127.0.0.1:1"],
    ["there is no key", "https://fleet.example"],
    ["the address is none", "nonsense"],
  ])("is nothing, and no word of it, where %s", async (_, url) => {
    expect(await offered("--url", url, "watch", "")).toEqual([]);
  });
});

describe("fleet completion", () => {
  test.each(["bash", "zsh", "fish"])(
    "prints a script for %s that asks this command line",
    async (shell) => {
      const { code, out } = await fleet(["completion", shell]);
      expect(code).toBe(0);
      expect(out).toContain(`${path.resolve("producer/cli/fleet.mjs")}' __complete -- `);
    },
  );

  /** What zsh 5.9 and fish 3.6 were seen to need, at a terminal; CI has neither. */
  test.each<[shell: "zsh" | "fish", why: string, line: string]>([
    ["zsh", "a completion without compinit loads it", "autoload -Uz compinit && compinit -i"],
    ["zsh", "a word without a description has no dash behind it", '{about:+:$about}"'],
    ["zsh", "a colon in a word does not begin its description", "//:/\\\\:}"],
    ["zsh", "the order is the command line's", "_describe -V fleet offered"],
    ["zsh", "quotes around words are taken off", '{(@Q)words[2,CURRENT]}"'],
    ["fish", "a file's name in open quotes is completed", "complete -C \"'' $word\""],
    ["fish", "the word that is being written may be empty", '-- $words "$word"'],
    ["fish", "files are offered only where they are meant", "complete -c fleet -f -k"],
  ])("in %s, %s", (shell, _why, line) => {
    expect(completionScript(shell, "/opt/it's/fleet.mjs")).toContain(line);
  });

  test("knows no other shell, and says which it knows", async () => {
    const ran = await fleet(["completion", "tcsh"]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("bash, zsh, fish");
  });

  /** Runs bash's function on a line that bash has parted already; the launcher says what it was asked. */
  function inBash(asked: string[], answers: string): string[] {
    const launcher = path.join(folder, "it's a launcher");
    const log = path.join(folder, "asked");
    writeFileSync(launcher, `#!/bin/sh\nprintf '%s\\n' "$@" >"${log}"\nprintf '${answers}'\n`);
    chmodSync(launcher, 0o755);
    const call = `${completionScript("bash", launcher)}
      COMP_WORDS=(fleet "$@"); COMP_CWORD=$#; _fleet
      printf '%s\\n' "\${COMPREPLY[@]}" --; cat '${log}'`;
    const ran = spawnSync("bash", ["-c", call, "bash", ...asked], { encoding: "utf8" });
    expect(ran.stderr).toBe("");
    return ran.stdout.trimEnd().split("\n");
  }

  test("in bash offers the words as they are, and puts an address together again", () => {
    const parted = ["--url", "http", ":", "//127.0.0.1", ":", "8787", "get", "task_"];
    expect(inBash(parted, "task_1\\tsucceeded\\ntask_$(id)\\t\\n")).toEqual([
      "task_1",
      "task_$(id)",
      "--",
      "__complete",
      "--",
      "--url",
      "http://127.0.0.1:8787",
      "get",
      "task_",
    ]);
  });
});
