/**
 * A thousand slots on a store that takes 100 write calls a second, in simulated time: the real SQL layer with
 * its retries, and the wait before each claim, against a store that rejects what waits too long.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { waitForStore } from "../../consumer/delivery/store_wait.ts";
import { pressureLimits } from "../../shared/limits.ts";
import { runningRetries } from "../../shared/platform/retries.ts";
import { StorePressure } from "../../shared/store/pressure.ts";
import { sql } from "../../shared/store/sql.ts";
import { Random } from "../chaos/random.ts";
import { SimulatedTime } from "../governor/simulated_time.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const writesPerSecond = 100;
/** D1 rejects a call that would wait longer. */
const queueMsMax = 8_000;
const slots = 1_000;
const slotsOfIsolate = 4;

/** A database that carries out one write call after another. */
function slowStore(time: SimulatedTime) {
  let freeAt = 0;
  const use = { writes: 0, rejections: 0 };
  async function write() {
    const waitMs = Math.max(0, freeAt - time.now);
    if (waitMs > queueMsMax) {
      use.rejections += 1;
      throw new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
    }
    freeAt = Math.max(freeAt, time.now) + 1_000 / writesPerSecond;
    await time.sleep(freeAt - time.now);
    use.writes += 1;
    return { results: [], meta: { changes: 1 } };
  }
  const statement = { bind: () => statement, run: write, all: write, first: write };
  const open = () =>
    ({ prepare: () => statement, batch: async () => [await write()] }) as unknown as D1Database;
  return { open, use };
}

interface Load {
  /** Writes of a task between its claim and its settlement. */
  turns: number;
  callMs: number;
}

async function play({ turns, callMs }: Load, seconds: number) {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  const time = new SimulatedTime({ real: false });
  const random = new Random(3).fork(`load ${turns}`);
  vi.spyOn(Math, "random").mockImplementation(() => random.next());
  const { open, use } = slowStore(time);
  const counts = { settled: 0, lost: 0, writesOfSettled: 0 };
  const end = time.now + seconds * 1_000;

  async function runTask(db: D1Database): Promise<void> {
    const claim = await sql.run(db, "claim", "").catch(() => null);
    if (claim === null) return void (await time.sleep(pressureLimits.waitInSlotMsMax));
    try {
      for (let turn = 0; turn <= turns; turn++) {
        await time.sleep(callMs * (0.5 + random.next()));
        await sql.batch(db, "write", [], runningRetries);
      }
      counts.settled += 1;
      counts.writesOfSettled += turns + 2;
    } catch {
      counts.lost += 1;
    }
  }

  async function slot(db: D1Database): Promise<void> {
    while (time.now < end) {
      const waitMs = await waitForStore(db);
      // The message waits in the queue.
      if (waitMs > 0) await time.sleep(waitMs);
      else await runTask(db);
    }
  }

  let db = open();
  for (let n = 0; n < slots; n++) {
    if (n % slotsOfIsolate === 0) db = open();
    void slot(db);
  }
  await time.run(() => time.now >= end);
  return { ...counts, ...use, share: counts.writesOfSettled / (seconds * writesPerSecond) };
}

describe("a thousand slots on a store of 100 writes a second", () => {
  test.each([
    ["one step of 2 s", { turns: 0, callMs: 2_000 }],
    ["seven calls of 2 s", { turns: 6, callMs: 2_000 }],
  ])(
    "finish nine tenths of what the store can do with tasks of %s, and lose none",
    async (_name, load) => {
      const { share, lost, settled, rejections } = await play(load, 300);
      console.info(JSON.stringify({ ...load, share, settled, lost, rejections }));
      expect(lost).toBe(0);
      expect(share).toBeGreaterThanOrEqual(0.9);
    },
    60_000,
  );
});

describe("the delay of a claim", () => {
  test("grows with overload and slow answers, shrinks with fast ones and with time", () => {
    const pressure = new StorePressure();
    expect(pressure.delayMs(1_000)).toBe(0);
    pressure.recordAnswer(20, 1_000);
    expect(pressure.delayMs(1_000)).toBe(0);
    pressure.recordOverload(10_000);
    const first = pressure.delayMs(10_000);
    expect(first).toBe(pressureLimits.delayMsMin * pressureLimits.overloadFactor);
    pressure.recordOverload(10_001);
    expect(pressure.delayMs(10_001)).toBeLessThanOrEqual(first);
    pressure.recordAnswer(pressureLimits.slowMs + 1, 10_001);
    expect(pressure.delayMs(10_001)).toBeGreaterThan(first);
    pressure.recordAnswer(20, 10_001);
    const later = pressure.delayMs(10_001);
    expect(pressure.delayMs(10_001 + pressureLimits.halfLifeMs)).toBeCloseTo(later / 2);
    expect(pressure.delayMs(10_001 + 100 * pressureLimits.halfLifeMs)).toBe(0);
  });

  test("has a maximum", () => {
    const pressure = new StorePressure();
    for (let n = 1; n < 100; n++) pressure.recordOverload(n * pressureLimits.signMs);
    expect(pressure.delayMs(99 * pressureLimits.signMs)).toBe(pressureLimits.delayMsMax);
  });
});
