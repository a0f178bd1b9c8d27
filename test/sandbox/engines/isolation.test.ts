import { expect, test } from "vitest";
import { interpreterIdentity, isolateEngine } from "../../../consumer/sandbox/isolate.ts";
import { openLoader, sealedLoader } from "../loader.ts";
import { limits, nothing, run } from "../running.ts";

test("a run sees no change that an earlier run made", async () => {
  await run(
    `globalThis.leak = 1; Object.prototype.leak = 2; Array.prototype.map = () => "patched"; JSON.parse = null;
     require("fs").leak = 3; require("fs").writeFileSync("left.txt", "x"); process.env.LEAK = "4"; console.leak = 5; Math.random = () => 6;`,
  );
  const outcome = await run(
    `[typeof leak, ({}).leak, [1].map((x) => x + 1), typeof JSON.parse, require("fs").leak, require("fs").existsSync("left.txt"), process.env.LEAK, console.leak, Math.random() === 6]`,
  );
  expect(outcome.value).toContain("'undefined'");
  expect(outcome.value).toMatch(
    /undefined,\s+\[ 2 \],\s+'function',\s+undefined,\s+false,\s+undefined,\s+undefined,\s+false/,
  );
});

test("a machine that served others gives a program the same value and fuel as a new one", async () => {
  const program =
    "const m = new Map([['a', 1]]); console.log(m); JSON.stringify([...m, 0.1 + 0.2])";
  const outcomes: [string | null, string, number][] = [];
  for (const other of [
    "1",
    "const big = Array.from({ length: 20000 }, (_, n) => ({ n })); big.length",
    "(function deep(n) { return n === 0 ? 0 : 1 + deep(n - 1) })(500)",
    "throw new Error('left behind')",
    "await new Promise((resolve) => setTimeout(resolve, 5))",
    "const a = []; for (;;) a.push([]);",
  ]) {
    const { value, logs, usage } = await run(program);
    outcomes.push([value, logs, usage.fuel]);
    await run(other, { limits: { fuel: 30_000_000 } });
  }
  expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
});

test.each([0, 63_000, 70_000])(
  "a workspace of %i bytes is there from the first line on",
  async (bytes) => {
    const files = { "data.bin": new Uint8Array(bytes).fill(7) };
    const code =
      "const b = require('fs').readFileSync('data.bin'); [b.length, b.every((x) => x === 7)]";
    expect((await run(code, { files })).value).toBe(`[ ${bytes}, true ]`);
  },
);

test("a run after one that a limit stopped is as good as new", async () => {
  const before = await run("[1, 2, 3].map((x) => x * 2)");
  for (const code of [
    "for (;;) {}",
    "const a = []; for (;;) a.push([]);",
    "(function f() { f() })()",
  ]) {
    await run(code, { limits: { fuel: 30_000_000 } });
  }
  const after = await run("[1, 2, 3].map((x) => x * 2)");
  expect(after.value).toBe("[ 2, 4, 6 ]");
  expect(after.usage.fuel).toBe(before.usage.fuel);
});

test("runs at the same time keep to their own capabilities and files", async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 12 }, (_outcome, index) =>
      run(
        "const a = (await me({})).name; const b = require('fs').readFileSync('who', 'utf8'); [a, b]",
        {
          tools: ["me"],
          files: { who: `f${index}` },
          capabilities: {
            call: async () => {
              await scheduler.wait(index % 3);
              return { ok: true, json: JSON.stringify({ name: `t${index}` }) };
            },
          },
        },
      ),
    ),
  );
  expect(outcomes.map(({ value }) => value)).toEqual(
    outcomes.map((_value, index) => `[ 't${index}', 'f${index}' ]`),
  );
});

test("random numbers differ between runs and are spread", async () => {
  const output = await run("[Math.random(), crypto.randomUUID()].join()");
  const other = await run("[Math.random(), crypto.randomUUID()].join()");
  expect(output.value).not.toBe(other.value);
  const spread = await run(
    "const n = Array.from({ length: 2000 }, Math.random); Math.abs(n.reduce((a, b) => a + b) / 2000 - 0.5) < 0.05 && n.every((x) => x >= 0 && x < 1)",
  );
  expect(spread.value).toBe("true");
});

test("all runs share one Dynamic Worker, named by its contents", async () => {
  const names = new Set<string | null>();
  const loader = sealedLoader({
    get: (name: string | null, code: Parameters<WorkerLoader["get"]>[1]) => {
      names.add(name);
      return openLoader.get(name, async () => {
        const programCode = await code();
        expect(programCode.globalOutbound).toBeNull();
        return programCode;
      });
    },
    load: () => {
      throw new Error("The interpreter is never loaded again.");
    },
  });
  for (const code of ["1", "2", "for (;;) {}"]) {
    await isolateEngine(loader).run(
      { code, files: new Map(), tools: [] },
      nothing,
      { ...limits, fuel: 1_000_000 },
      new AbortController().signal,
    );
  }
  // The number after "#" counts the instances that hung in earlier tests.
  expect([...names].map((name) => name?.split("#")[0])).toEqual([interpreterIdentity]);
  expect(interpreterIdentity).toMatch(/^interpreter@[0-9a-f]{16}$/);
});

test("a thousand tasks load one Dynamic Worker, and their fuel is the same", async () => {
  const names = new Set<string | null>();
  const fuels = new Set<number>();
  let freshIsolates = 0;
  const loader = sealedLoader({
    get: (name: string | null, code: Parameters<WorkerLoader["get"]>[1]) => {
      names.add(name);
      return openLoader.get(name, code);
    },
    load: () => {
      freshIsolates += 1;
    },
  });
  const signal = new AbortController().signal;
  const program = { code: "[1, 2, 3].map((n) => n * n)", files: new Map(), tools: [] };
  for (let task = 0; task < 1_000; task += 4) {
    // An engine for each, as each slice of a task makes its own.
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () => isolateEngine(loader).run(program, nothing, limits, signal)),
    );
    for (const { usage } of outcomes) fuels.add(usage.fuel);
  }
  expect([names.size, freshIsolates, fuels.size]).toEqual([1, 0, 1]);
}, 60_000);
