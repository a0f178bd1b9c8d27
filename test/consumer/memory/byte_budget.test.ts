import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteBudget, type Loan, type MemoryShare } from "../../../consumer/memory/byte_budget.ts";

const bytesMax = 100;

/** Lets everything run that waits for nothing but other promises. */
async function settle(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve();
}

/** What a promise resolved to so far; null while it waits. */
function watch(promise: Promise<boolean>): { value: boolean | null } {
  const watched: { value: boolean | null } = { value: null };
  void promise.then((value) => {
    watched.value = value;
  });
  return watched;
}

test("a task waits until there is room for it, and the first one never waits", async () => {
  const budget = new ByteBudget(bytesMax);
  const [first, second] = [budget.open(), budget.open()];
  expect(await first.admit(300, {})).toBe(true);
  const waiting = watch(second.admit(10, {}));
  await settle();
  expect(waiting.value).toBeNull();
  first.hold(50);
  await settle();
  expect(waiting.value).toBe(true);
});

test("a wait ends without room when its signal aborts, and nothing is held then", async () => {
  const budget = new ByteBudget(bytesMax);
  await budget.open().admit(bytesMax, {});
  const share = budget.open();
  const stop = new AbortController();
  const admitted = watch(share.admit(10, { signal: stop.signal }));
  const loan = share.lend("call");
  const grown = watch(loan.grow(10, { signal: stop.signal }));
  await settle();
  stop.abort();
  await settle();
  expect([admitted.value, grown.value, budget.bytes]).toEqual([false, false, bytesMax]);
});

test("of the answers of the first task one passes the limit, and the others wait for its end", async () => {
  const budget = new ByteBudget(bytesMax);
  const share = budget.open();
  const idle = share.lend("answer");
  const [one, other] = [share.lend("answer"), share.lend("answer")];
  expect(await one.grow(bytesMax + 50, {})).toBe(true);
  const waiting = watch(other.grow(bytesMax, {}));
  await settle();
  expect(waiting.value).toBeNull();
  one.end();
  await settle();
  expect(waiting.value).toBe(true);
  idle.end();
});

test("a task that is not the first has to yield while too much is held", async () => {
  const budget = new ByteBudget(bytesMax);
  const [first, second] = [budget.open(), budget.open()];
  second.hold(60);
  expect(second.mustYield).toBe(false);
  first.hold(60);
  expect([first.mustYield, second.mustYield]).toEqual([false, true]);
  first.close();
  expect(second.mustYield).toBe(false);
});

/** One task: what it holds, then calls, each with answers that come in chunks. */
const taskArbitrary = fc.record({
  held: fc.nat(60),
  calls: fc.array(
    fc.record({
      bytes: fc.nat(90),
      answers: fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }), {
        maxLength: 4,
      }),
    }),
    { maxLength: 3 },
  ),
});
type Task = typeof taskArbitrary extends fc.Arbitrary<infer T> ? T : never;

async function read(share: MemoryShare, chunks: readonly number[]): Promise<void> {
  const loan: Loan = share.lend("answer");
  for (const bytes of chunks) {
    await loan.grow(bytes, {});
    await Promise.resolve();
  }
  loan.end();
}

async function run(share: MemoryShare, { held, calls }: Task): Promise<void> {
  await share.admit(held, {});
  for (const { bytes, answers } of calls) {
    const loan = share.lend("call");
    await loan.grow(bytes, {});
    await Promise.all(answers.map((chunks) => read(share, chunks)));
    loan.end();
  }
  share.close();
}

const largestNeed = ({ held, calls }: Task): number =>
  held +
  Math.max(
    0,
    ...calls.map(
      ({ bytes, answers }) =>
        bytes + Math.max(0, ...answers.map((chunks) => chunks.reduce((sum, n) => sum + n, 0))),
    ),
  );

test("every task ends, and beyond the limit there is at most what one task needs itself", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(taskArbitrary, { minLength: 1, maxLength: 6 }), async (tasks) => {
      const budget = new ByteBudget(bytesMax);
      let largest = 0;
      const notify = budget.notify.bind(budget);
      budget.notify = () => {
        largest = Math.max(largest, budget.bytes);
        notify();
      };
      let ended = 0;
      const runs = tasks.map(async (task) => {
        await run(budget.open(), task);
        ended += 1;
      });
      for (let n = 0; n < 2_000 && ended < tasks.length; n++) await settle();
      expect(ended).toBe(tasks.length);
      await Promise.all(runs);
      expect(budget.bytes).toBe(0);
      expect(largest).toBeLessThanOrEqual(bytesMax + Math.max(...tasks.map(largestNeed)));
    }),
    { numRuns: 300 },
  );
});
