/**
 * Simulated time for whole slices: timers and both clocks are moved ahead whenever nothing real is under
 * way, so that a model call of five minutes takes none. D1 and R2 are the real ones and take their time.
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
  #underWay = 0;
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

  /** D1 on this clock; while one of its calls is under way, time moves as it does outside. */
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
            this.#real(() => target.batch(list.map((each) => this.#held.get(each) ?? each)));
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

  /** Runs the work and moves time ahead to the next timer whenever it waits for time alone. */
  async until<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const ended = () => {
      over = true;
    };
    work.then(ended, ended);
    let still = 0;
    while (!over) {
      await new Promise<void>((resolve) => void this.#realTimeout(resolve, 0));
      still = this.#underWay === 0 ? still + 1 : 0;
      if (still < 3 || over) continue;
      still = 0;
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

  readonly #held = new WeakMap<object, D1PreparedStatement>();

  #statement(held: D1PreparedStatement): D1PreparedStatement {
    const proxy = new Proxy(held, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (key === "bind") return (...args: unknown[]) => this.#statement(target.bind(...args));
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => this.#real(() => Reflect.apply(value, target, args));
      },
    });
    this.#held.set(proxy, held);
    return proxy;
  }

  async #real<T>(call: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await call();
    } finally {
      this.#underWay -= 1;
    }
  }
}
