/**
 * Simulated time for full slices: timers and both clocks move ahead whenever no real call is in progress, so that
 * a model call of five minutes takes no time. D1 and R2 are the real ones and take real time.
 */
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { nowSql } from "../../../shared/store/clock.ts";

interface Timer {
  at: number;
  run: () => void;
  everyMs: number | null;
}

export class SimulatedTime {
  #offsetMs = 0;
  #realCalls = 0;
  #next = 1_000_000;
  readonly #timers = new Map<number, Timer>();
  readonly #realNow = Date.now.bind(Date);
  readonly #realTimeout = globalThis.setTimeout;
  readonly #realClear = globalThis.clearTimeout;

  constructor() {
    vi.spyOn(Date, "now").mockImplementation(() => this.now());
    const set = (run: () => void, ms: number | undefined, everyMs: number | null) => {
      this.#next += 1;
      this.#timers.set(this.#next, { at: this.now() + (ms ?? 0), run, everyMs });
      return this.#next;
    };
    vi.stubGlobal("setTimeout", (run: () => void, ms?: number) => set(run, ms, null));
    vi.stubGlobal("setInterval", (run: () => void, ms: number) => set(run, ms, ms));
    const clear = (id: number) => (this.#timers.delete(id) ? undefined : this.#realClear(id));
    vi.stubGlobal("clearTimeout", clear);
    vi.stubGlobal("clearInterval", clear);
  }

  now(): number {
    return this.#realNow() + this.#offsetMs;
  }

  /** D1 on this clock. During one of its calls, real time passes. */
  get database(): D1Database {
    return new Proxy(env.DB, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (key === "prepare") {
          return (sql: string) =>
            this.#statement(
              target.prepare(sql.replaceAll(nowSql, `(${nowSql} + ${this.#offsetMs})`)),
            );
        }
        if (key === "batch") {
          return (list: D1PreparedStatement[]) =>
            this.#real(() => target.batch(list.map((each) => this.#inner.get(each) ?? each)));
        }
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  get bucket(): R2Bucket {
    return new Proxy(env.OBJECTS, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => this.#real(() => Reflect.apply(value, target, args));
      },
    });
  }

  /** Runs the work and jumps to the next timer whenever it waits only for time. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const ended = () => {
      isOver = true;
    };
    work.then(ended, ended);
    let idleTurns = 0;
    while (!isOver) {
      await new Promise<void>((resolve) => void this.#realTimeout(resolve, 0));
      idleTurns = this.#realCalls === 0 ? idleTurns + 1 : 0;
      if (idleTurns < 3 || isOver) continue;
      idleTurns = 0;
      this.#jump();
    }
    return work;
  }

  #jump(): void {
    const [id, timer] = [...this.#timers].reduce<[number, Timer | null]>(
      (first, [each, its]) => (first[1] === null || its.at < first[1].at ? [each, its] : first),
      [0, null],
    );
    if (timer === null) return;
    this.#offsetMs += Math.max(0, timer.at - this.now());
    if (timer.everyMs === null) this.#timers.delete(id);
    else timer.at += timer.everyMs;
    timer.run();
  }

  readonly #inner = new WeakMap<object, D1PreparedStatement>();

  #statement(inner: D1PreparedStatement): D1PreparedStatement {
    const proxy = new Proxy(inner, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (key === "bind") return (...args: unknown[]) => this.#statement(target.bind(...args));
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => this.#real(() => Reflect.apply(value, target, args));
      },
    });
    this.#inner.set(proxy, inner);
    return proxy;
  }

  async #real<T>(call: () => Promise<T>): Promise<T> {
    this.#realCalls += 1;
    try {
      return await call();
    } finally {
      this.#realCalls -= 1;
    }
  }
}
