import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Command } from "commander";
import { afterAll, describe, expect, test } from "vitest";
import { argumentCandidates, unknown } from "../../../../producer/cli/completion/candidates.ts";
import { completionScript } from "../../../../producer/cli/completion/scripts.ts";
import { processContext } from "../../../../producer/cli/context.ts";
import { createProgram } from "../../../../producer/cli/program.ts";
import { batchWith, fakeFleet, fleet, taskWith } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-completion-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The completions of a line; its last word is incomplete. */
async function complete(...words: string[]): Promise<string[]> {
  const result = await fleet(["__complete", "--", ...words]);
  expect(result).toMatchObject({ code: 0, err: "" });
  return result.out.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0] ?? ""]));
}

describe("completions without a fleet", () => {
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
    expect(await complete(...words)).toEqual(expected);
  });

  test("contain every command except the hidden one", async () => {
    const words = await complete("");
    expect(words).toEqual(expect.arrayContaining(["submit", "inbox", "completion", "help"]));
    expect(words).not.toContain("__complete");
  });

  test("are defined for every argument of every command", () => {
    const bind = () => async () => {};
    const every = (command: Command): Command[] => [command, ...command.commands.flatMap(every)];
    const commands = every(createProgram(processContext(), bind, false));
    const undefinedArguments = commands
      .filter((command) => command.name() !== "__complete")
      .flatMap((command) =>
        command.registeredArguments
          .filter((argument) => argumentCandidates(command, argument) === unknown)
          .map((argument) => `${command.name()} ${argument.name()}`),
      );
    expect(commands.length).toBeGreaterThan(30);
    expect(undefinedArguments).toEqual([]);
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

describe("completions from a fleet", () => {
  test.each([
    [
      ["watch", ""],
      ["task_1", "batch_1"],
    ],
    [["watch", "batch_"], ["batch_1"]],
    [["steps", ""], ["task_1"]],
    [["results", "batch_2"], []],
    [["submit", "--after", ""], ["batch_1"]],
    // A name with a space is not one word, so the id is offered.
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
    expect(await complete("--url", url, ...words)).toEqual(expected);
    expect(await complete(`--url=${url}`, ...words)).toEqual(expected);
  });

  test("have a description for each id", async () => {
    const { url } = await fakeFleet(script);
    const { out } = await fleet(["__complete", "--", "--url", url, "get", ""]);
    expect(out).toBe("task_1\tsucceeded, a\nbatch_1\trunning, 2 tasks\n");
  });

  test("request only lists whose ids can match the word, with the `--key` of the command line", async () => {
    const { url, received } = await fakeFleet(script);
    await complete("--url", url, "--key", "k1", "get", "task_");
    expect(received.map(({ path: requested }) => requested)).toEqual(["/v1/tasks?limit=100"]);
    expect(received[0]?.headers.authorization).toBe("Bearer k1");
  });

  test("contain only shell-safe words, whatever a server returns", async () => {
    const hostile = ["task_1; rm -rf x", "task_$(id)", "-task", "task_2\ntask_3"];
    const tasks = hostile.map((id) => taskWith({ id }));
    const { url } = await fakeFleet({ "GET /v1/tasks": { body: { tasks, next_cursor: null } } });
    expect(await complete("--url", url, "steps", "")).toEqual([]);
  });

  test.each([
    ["nothing answers", "http://127.0.0.1:1"],
    ["there is no key", "https://fleet.example"],
    ["the address is invalid", "nonsense"],
  ])("are empty and print no error if %s", async (_, url) => {
    expect(await complete("--url", url, "watch", "")).toEqual([]);
  });
});

describe("`fleet completion`", () => {
  test.each(["bash", "zsh", "fish"])(
    "prints a script for %s that calls this CLI",
    async (shell) => {
      const { code, out } = await fleet(["completion", shell]);
      expect(code).toBe(0);
      expect(out).toContain(`${path.resolve("producer/cli/fleet.mjs")}' __complete -- `);
    },
  );

  /** Behaviour that zsh 5.9 and fish 3.6 need, checked by hand; CI has neither. */
  test.each<[shell: "zsh" | "fish", why: string, line: string]>([
    ["zsh", "the script loads compinit if it is missing", "autoload -Uz compinit && compinit -i"],
    ["zsh", "a word without a description has no dash after it", '{about:+:$about}"'],
    ["zsh", "a colon in a word is escaped", "//:/\\\\:}"],
    ["zsh", "the order of the CLI is kept", "_describe -V fleet offered"],
    ["zsh", "quotes around words are removed", '{(@Q)words[2,CURRENT]}"'],
    ["fish", "a file name after an open quote is completed", "complete -C \"'' $word\""],
    ["fish", "the incomplete word can be empty", '-- $words "$word"'],
    ["fish", "files are offered only where a file is expected", "complete -c fleet -f -k"],
  ])("in %s, %s", (shell, _case, line) => {
    expect(completionScript(shell, "/opt/it's/fleet.mjs")).toContain(line);
  });

  test("rejects other shells and lists the supported ones", async () => {
    const result = await fleet(["completion", "tcsh"]);
    expect(result.code).toBe(2);
    expect(result.err).toContain("bash, zsh, fish");
  });

  /** Runs the bash function on words as bash splits them; the launcher records its arguments. */
  function runInBash(words: string[], output: string): string[] {
    const launcher = path.join(folder, "it's a launcher");
    const log = path.join(folder, "arguments");
    writeFileSync(launcher, `#!/bin/sh\nprintf '%s\\n' "$@" >"${log}"\nprintf '${output}'\n`);
    chmodSync(launcher, 0o755);
    const call = `${completionScript("bash", launcher)}
      COMP_WORDS=(fleet "$@"); COMP_CWORD=$#; _fleet
      printf '%s\\n' "\${COMPREPLY[@]}" --; cat '${log}'`;
    const result = spawnSync("bash", ["-c", call, "bash", ...words], { encoding: "utf8" });
    expect(result.stderr).toBe("");
    return result.stdout.trimEnd().split("\n");
  }

  test("offers literal words in bash and joins the parts of a URL", () => {
    const split = ["--url", "http", ":", "//127.0.0.1", ":", "8787", "get", "task_"];
    expect(runInBash(split, "task_1\\tsucceeded\\ntask_$(id)\\t\\n")).toEqual([
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
