import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { runBash } from "../../../consumer/sandbox/bash/bash.ts";
import type { Capabilities } from "../../../consumer/sandbox/engine.ts";
import { finalAnswer, readSteps, runTask, testConsumer, toolCall } from "../../consumer/harness.ts";
import { nothing } from "../../sandbox/running.ts";

const sales = "sku,units\nA,3\nB,7\nA,4\n";
const bytes = (text: string) => new TextEncoder().encode(text);

function bash(code: string, overrides: { able?: Partial<Capabilities>; wallMs?: number } = {}) {
  const files = new Map([["data/sales.csv", bytes(sales)]]);
  return runBash(
    env,
    { code, files, tools: [] },
    { ...nothing, ...overrides.able },
    overrides.wallMs ?? 20_000,
    new AbortController().signal,
  );
}

// The first script loads the interpreter.
beforeAll(async () => void (await bash("true")), 60_000);

describe("typical scripts work", () => {
  test.each([
    ["echo hello | tr a-z A-Z", "HELLO\n"],
    ["wc -l < data/sales.csv", "4\n"],
    [
      "tail -n +2 data/sales.csv | cut -d, -f1 | sort | uniq -c | sort -rn | awk '{print $2, $1}'",
      "A 2\nB 1\n",
    ],
    [
      "awk -F, 'NR>1 {s[$1]+=$2} END {for (k in s) print k, s[k]}' data/sales.csv | sort",
      "A 7\nB 7\n",
    ],
    ["grep -c '^A' data/sales.csv; sed -n '2p' data/sales.csv", "2\nA,3\n"],
    ["echo '{\"a\":[1,2,3]}' | jq -c '.a | map(. * 2)'", "[2,4,6]\n"],
    ["for f in $(find . -name '*.csv'); do basename \"$f\" .csv; done", "sales\n"],
    ["x=3; while [ $x -gt 0 ]; do printf '%s ' $x; x=$((x-1)); done; echo", "3 2 1 \n"],
    ["echo -n abc | sha256sum | cut -c1-8; echo aGk= | base64 -d", "ba7816bf\nhi"],
    ["pwd; echo $HOME", "/workspace\n/workspace\n"],
  ])("%s", async (script, stdout) => {
    expect(await bash(script)).toMatchObject({ stdout, stderr: "", exitCode: 0 });
  });

  test("only written and deleted files of the workspace are changes", async () => {
    const { changes } = await bash(
      "mkdir -p out; sort data/sales.csv > out/sorted.csv; rm data/sales.csv; echo x > /tmp/y; echo x > /etc/z; ln -s /etc/z out/link",
    );
    const text = new Map(
      [...changes].map(([path, body]) => [path, body && new TextDecoder().decode(body)]),
    );
    expect(text).toEqual(
      new Map([
        ["out/sorted.csv", "A,3\nA,4\nB,7\nsku,units\n"],
        ["data/sales.csv", null],
      ]),
    );
  });

  test("a failure has its exit code and message", async () => {
    const outcome = await bash("nosuchcommand; exit 3");
    expect(outcome).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("command not found"),
    });
  });
});

describe("an endless script is stopped", () => {
  test.each([
    "while true; do :; done",
    "f() { f; }; f",
    "f() { f | f; }; f",
    ":(){ :|:& };:",
    "x=a; while true; do x=$x$x; done",
    "awk 'BEGIN { while (1) i++ }'",
    "echo a | sed ':x; s/a/aa/; bx'",
    "jq -n '[range(1e12)] | length'",
    "echo {1..100000000}",
    "sleep 1000",
    "seq 1 1000000000",
    "printf '%1000000000s' x",
  ])(
    "%s",
    async (script) => {
      const outcome = await bash(script, { wallMs: 1_000 }).catch((error: Error) => ({
        exitCode: -1,
        stdout: "",
        stderr: error.message,
      }));
      expect(outcome.exitCode).not.toBe(0);
      expect(outcome.stdout.length).toBeLessThan(2_000_000);
    },
    30_000,
  );

  test.each([
    `echo ${"a".repeat(60)}! | grep -E '^(a+)+$'`,
    `echo ${"a".repeat(60)}! | sed -E 's/^(a+)+$/x/'`,
    `echo ${"a".repeat(60)}! | awk '/^(a+)+$/'`,
    `[[ ${"a".repeat(60)}! =~ ^(a+)+$ ]] && echo yes`,
    `jq -n '"${"a".repeat(60)}!" | test("^(a+)+$")'`,
  ])(
    "a pattern runs in linear time: %s",
    async (script) => {
      const { stdout } = await bash(script);
      expect(stdout).not.toContain("yes");
    },
    10_000,
  );

  test.each([
    ":(){ :|:& };:",
    "echo {1..100000000} | wc -c",
    "printf '%1000000000d' 1 | wc -c",
    "head -c 1000000000 /dev/zero | wc -c",
    "x=a; while :; do x=$x$x; done",
    "awk 'BEGIN { while (1) s = s \"aaaaaaaa\" }'",
    "jq -n 'def f: f + f; f'",
    "seq 1 1000000000 | tail -1",
  ])(
    "a bomb ends without harm to the next script: %s",
    async (script) => {
      const outcome = await bash(script).catch((error: Error) => ({ stdout: error.message }));
      expect(outcome.stdout.length).toBeLessThan(2_000_000);
      expect((await bash("echo fine")).stdout).toBe("fine\n");
    },
    30_000,
  );

  test("an endless script does not stop another one", async () => {
    const [, outcome] = await Promise.all([bash("while true; do :; done"), bash("echo fine")]);
    expect(outcome.stdout).toBe("fine\n");
  }, 30_000);
});

describe("the gateway is the only way out", () => {
  test("curl sends its request to the gateway and shows its rejection", async () => {
    const requests: string[] = [];
    const able: Partial<Capabilities> = {
      fetch: async (request) => {
        requests.push(`${request.method} ${request.url}`);
        return nothing.fetch(request);
      },
    };
    const { stdout } = await bash("curl -s -X POST -d a=1 https://x.example/p", { able });
    expect(requests).toEqual(["POST https://x.example/p"]);
    expect(stdout).toContain("egress_denied");
  });

  test.each([
    "cat /proc/self/environ",
    "env | grep -i -E 'secret|key|token'",
    "echo $(< /dev/tcp/127.0.0.1/80)",
    "node -e 1",
    "python3 -c 1",
    "js-exec -c 1",
    "cat ../../etc/passwd",
  ])("%s prints nothing", async (script) => {
    expect((await bash(script)).stdout.trim()).toBe("");
  });

  test("a script leaves nothing for the next one", async () => {
    await bash("echo x > /tmp/left; export LEFT=1; alias l=ls; f() { echo f; }");
    const { stdout } = await bash('ls /tmp; echo "[$LEFT]"; type f >/dev/null 2>&1 && echo still');
    expect(stdout).toBe("[]\n");
  });
});

describe("`run_bash`", () => {
  const step = async (script: string, consumer = testConsumer({ BASH_TOOL: "on" })) => {
    const row = await runTask(
      {
        prompt: "p",
        skills: ["tabular-data"],
        rehearsal: [toolCall("run_bash", { script }), finalAnswer()],
      },
      { consumer },
    );
    const step = (await readSteps(row.id)).find(({ name }) => name === "run_bash");
    return {
      row,
      status: step?.status,
      text: step?.payload.kind === "tool" ? step.payload.text : "",
    };
  };

  test("changes files of the workspace", async () => {
    const { row, text } = await step("echo one > a.txt && cat a.txt");
    expect(text).toBe("one");
    const result = await env.OBJECTS.get(row.result_key ?? "");
    expect(await result?.json()).toMatchObject({ files: { "a.txt": { bytes: 4 } } });
  });

  test("changes nothing if it writes to the folder of the skills", async () => {
    const { row, status, text } = await step(
      "echo x > a.txt; echo obey > skills/tabular-data/SKILL.md",
    );
    expect([status, text]).toEqual(["failed", expect.stringContaining("read-only")]);
    const result = await env.OBJECTS.get(row.result_key ?? "");
    expect(await result?.json()).toMatchObject({ files: {} });
  });

  test("is not offered unless BASH_TOOL is on", async () => {
    expect((await step("echo x", testConsumer())).status).toBe("refused");
  });
});
