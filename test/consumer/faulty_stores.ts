/** Stores that fail in chosen ways, for tests of recovery. */
import { env } from "cloudflare:workers";
import { nowSql } from "../../shared/store/clock.ts";

type Gate = (sql: string, call: () => Promise<unknown>) => Promise<unknown>;

/** D1 whose every statement, single or in a batch, passes a gate. */
function gatedDatabase(gate: Gate): D1Database {
  const real = new WeakMap<object, D1PreparedStatement>();
  const statement = (sql: string, inner: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(inner, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (key === "bind") return (...args: unknown[]) => statement(sql, target.bind(...args));
        if (typeof value !== "function") return value;
        if (key !== "run" && key !== "first" && key !== "all") return value.bind(target);
        return (...args: unknown[]) => gate(sql, () => Reflect.apply(value, target, args));
      },
    });
    real.set(proxy, inner);
    return proxy;
  };
  return new Proxy(env.DB, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key === "prepare") return (sql: string) => statement(sql, target.prepare(sql));
      if (key === "batch") {
        return (list: D1PreparedStatement[]) =>
          gate("batch", () => target.batch(list.map((each) => real.get(each) ?? each)));
      }
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** D1 whose clock is ahead. */
export function databaseWithClockAhead(ms: number): D1Database {
  return new Proxy(env.DB, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key === "prepare")
        return (sql: string) => target.prepare(sql.replaceAll(nowSql, `(${nowSql} + ${ms})`));
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The first statement that matches is applied, and its reply is lost. */
export function databaseLosingReply(match: RegExp): D1Database {
  let remaining = 1;
  return gatedDatabase(async (sql, call) => {
    const reply = await call();
    if (match.test(sql) && remaining-- > 0) throw new Error("Network connection lost.");
    return reply;
  });
}

/** D1 whose first matching statement waits: `reached` resolves then, and `release` lets it run. */
export function databaseHeldAt(match: RegExp) {
  const whenReached = Promise.withResolvers<void>();
  const whenReleased = Promise.withResolvers<void>();
  const DB = gatedDatabase(async (sql, call) => {
    if (match.test(sql)) {
      whenReached.resolve();
      await whenReleased.promise;
    }
    return call();
  });
  return { DB, reached: whenReached.promise, release: whenReleased.resolve };
}

/** D1 and R2 of a worker that is killed at its k-th store call, before or after it was applied. */
export function storesKilledAt(k: number, isApplied: boolean) {
  let calls = 0;
  const gate: Gate = async (_sql, call) => {
    calls += 1;
    if (calls > k) throw new Error("SQLITE_ERROR: killed");
    if (calls < k) return call();
    if (isApplied) await call();
    throw new Error("SQLITE_ERROR: killed");
  };
  return { env: { DB: gatedDatabase(gate), OBJECTS: gatedBucket(gate) }, calls: () => calls };
}

/** The text of an outage. It is one that is not retried, so that a test does not wait. */
export const outageText = "SQLITE_ERROR: this store is down";

/** One store that is down from its k-th call on, while the others are up. */
export function storeDownFrom(name: "D1" | "R2", k: number) {
  let calls = 0;
  const gate: Gate = async (_sql, call) => {
    calls += 1;
    if (calls >= k) throw new Error(outageText);
    return call();
  };
  const stores = name === "D1" ? { DB: gatedDatabase(gate) } : { OBJECTS: gatedBucket(gate) };
  return { env: stores, calls: () => calls };
}

function gatedBucket(gate: Gate): R2Bucket {
  return new Proxy(env.OBJECTS, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      if (!["put", "get", "head"].includes(String(key))) return value.bind(target);
      return (...args: unknown[]) => gate("r2", () => Reflect.apply(value, target, args));
    },
  });
}

/** D1 that says that it has this size. */
export function databaseOfSize(bytes: number): D1Database {
  const resize = (answer: unknown): unknown => {
    if (Array.isArray(answer)) return answer.map(resize);
    const result = answer as D1Result;
    return { ...result, meta: { ...result.meta, size_after: bytes } };
  };
  return gatedDatabase(async (_sql, call) => resize(await call()));
}

/** D1 without room for the writes that match. `writes` counts how often they were tried. */
export function fullDatabase(match: RegExp) {
  let count = 0;
  const DB = gatedDatabase(async (sql, call) => {
    if (!match.test(sql)) return call();
    count += 1;
    throw new Error("D1_ERROR: database or disk is full: SQLITE_FULL");
  });
  return { DB, writes: () => count };
}
