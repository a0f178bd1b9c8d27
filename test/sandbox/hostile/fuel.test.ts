import fc from "fast-check";
import { expect, test } from "vitest";
import { run } from "../running.ts";

const programs = [
  "1 + 1",
  "let s = 0; for (let i = 0; i < 1000; i++) s += i; s",
  "const m = new Map(); for (let i = 0; i < 500; i++) m.set('k' + i, [i]); m.size",
  "JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ i })))",
  "'x'.repeat(10000).replace(/x/g, 'yz').length",
  "await Promise.all([1, 2, 3].map(async (x) => x)); console.log({ a: [1, 2, 3] })",
  "const fs = require('fs'); fs.writeFileSync('a', 'b'); fs.readFileSync('a', 'utf8')",
  "[3, 1, 2].sort((a, b) => a - b)",
  "const a = await t({ x: 1 }); const b = await t({ y: 2 }); [a, b]",
];

const options = {
  tools: ["t"],
  capabilities: { call: async (_name: string, json: string) => ({ ok: true as const, json }) },
};

test.each(programs)("the fuel of %j is the same on every run", async (code) => {
  const first = await run(code, options);
  expect(first.error).toBeNull();
  for (let round = 0; round < 3; round += 1) {
    expect((await run(code, options)).usage.fuel).toBe(first.usage.fuel);
  }
});

test("a program gets exactly as far as its fuel", async () => {
  const code = "let s = 0; for (let i = 0; i < 5000; i++) s += i; s";
  const { usage } = await run(code);
  expect((await run(code, { limits: { fuel: usage.fuel } })).value).toBe("12497500");
  const starved = await run(code, { limits: { fuel: usage.fuel - 1 } });
  expect(starved.error?.kind).toBe("fuel");
  expect(starved.usage.fuel).toBe(usage.fuel - 1);
});

test("host calls do not refill the gauge", async () => {
  const code = "for (;;) { for (let i = 0; i < 10000; i++); await t({}) }";
  const outcome = await run(code, { ...options, limits: { fuel: 5_000_000 } });
  expect(outcome.error?.kind).toBe("fuel");
});

test("any loop costs in proportion to its rounds", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20_000 }), async (rounds) => {
      const cost = async (n: number): Promise<number> =>
        (await run(`for (let i = 0; i < ${n}; i++);`)).usage.fuel;
      const [none, some] = [await cost(0), await cost(rounds)];
      expect(some - none).toBeGreaterThanOrEqual(rounds);
      expect(some - none).toBeLessThan(rounds * 20 + 100);
    }),
    { numRuns: 20 },
  );
});
