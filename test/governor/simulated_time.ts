/**
 * Simulated time for whole deliveries: the clock stops while a real call (of D1, R2 or a Durable Object) is
 * under way and then jumps to the next timer, so that an hour passes in seconds with exact waits.
 */
import { vi } from "vitest";
import { nowSql } from "../../shared/store/clock.ts";

/** More microtasks than the longest chain of promises between two sleeps. */
const microtasks = 40;

interface Timer {
  at: number;
  call: () => void;
  cleared: boolean;
}

export class SimulatedTime {
  #now = Date.now();
  readonly #started = this.#now;
  readonly #realNow = Date.now.bind(Date);
  /** In descending order of time. */
  readonly #timers: Timer[] = [];
  #underWay = 0;

  readonly #real: boolean;

  /** `real`: whether the code calls D1, R2 or objects, through the bindings below, or only sleeps. */
  constructor({ real }: { real: boolean }) {
    this.#real = real;
    vi.spyOn(Date, "now").mockImplementation(() => this.#now);
    vi.stubGlobal("setTimeout", (call: () => void, ms = 0) => this.#set(call, ms));
    vi.stubGlobal("clearTimeout", (timer?: Timer) => {
      if (timer !== undefined) timer.cleared = true;
    });
    vi.stubGlobal("setInterval", (call: () => void, ms: number) => this.#repeat(call, ms));
    vi.stubGlobal("clearInterval", (interval?: Timer) => {
      if (interval !== undefined) interval.cleared = true;
    });
  }

  get now(): number {
    return this.#now;
  }

  get elapsedMs(): number {
    return this.#now - this.#started;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#set(resolve, ms));
  }

  #repeat(call: () => void, ms: number): Timer {
    const interval: Timer = { at: 0, call, cleared: false };
    const next = (): void => {
      if (interval.cleared) return;
      call();
      this.#set(next, ms);
    };
    this.#set(next, ms);
    return interval;
  }

  #set(call: () => void, ms: number): Timer {
    const timer = { at: this.#now + Math.max(0, ms), call, cleared: false };
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#timers[middle]?.at ?? 0) > timer.at) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return timer;
  }

  /** Runs until `isDone`; false when no timer is left. */
  async run(isDone: () => boolean): Promise<boolean> {
    while (!isDone()) {
      await this.#settle();
      const timer = this.#timers.pop();
      if (timer === undefined) return isDone();
      if (timer.cleared) continue;
      this.#now = Math.max(this.#now, timer.at);
      timer.call();
    }
    return true;
  }

  /** Waits until no real call is under way and its continuations have run. */
  async #settle(): Promise<void> {
    if (!this.#real) {
      for (let turn = 0; turn < microtasks; turn++) await null;
      return;
    }
    for (let calm = 0; calm < 3; calm = this.#underWay === 0 ? calm + 1 : 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #counted<T>(call: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await call();
    } finally {
      this.#underWay -= 1;
    }
  }

  /** A binding whose calls stop the clock. `deep`: methods that return another such object. */
  stoppingClock<T extends object>(target: T, deep: readonly string[] = []): T {
    return new Proxy(target, {
      get: (object, key) => {
        const value: unknown = Reflect.get(object, key);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (deep.includes(String(key))) {
            return this.stoppingClock(Reflect.apply(value, object, args) as object, deep);
          }
          const answer: unknown = Reflect.apply(value, object, args);
          return answer instanceof Promise || isThenable(answer)
            ? this.#counted(async () => answer)
            : answer;
        };
      },
    });
  }

  /** D1 with the simulated clock. */
  database(db: D1Database): D1Database {
    const simulated = (sql: string) =>
      sql.replaceAll(nowSql, `(${nowSql} + ${this.#now - this.#realNow()})`);
    const inner = new WeakMap<object, D1PreparedStatement>();
    const statement = (real: D1PreparedStatement): D1PreparedStatement => {
      const countedStatement = {
        bind: (...args: unknown[]) => statement(real.bind(...args)),
        run: () => this.#counted(() => real.run()),
        all: () => this.#counted(() => real.all()),
        first: (...args: []) => this.#counted(() => real.first(...args)),
      } as unknown as D1PreparedStatement;
      inner.set(countedStatement, real);
      return countedStatement;
    };
    return {
      prepare: (sql: string) => statement(db.prepare(simulated(sql))),
      batch: (list: D1PreparedStatement[]) =>
        this.#counted(() => db.batch(list.map((each) => inner.get(each) ?? each))),
    } as unknown as D1Database;
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value;
