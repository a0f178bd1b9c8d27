/** Stores that fail in chosen ways, from outside the product: what tests of recovery share. */
import { env } from "cloudflare:workers";
import { nowSql } from "../../shared/store/clock.ts";

type Gate = (sql: string, call: () => Promise<unknown>) => Promise<unknown>;

/** D1 whose every statement, alone or in a batch, passes a gate. */
function gatedDatabase(gate: Gate): D1Database {
  const real = new WeakMap<object, D1PreparedStatement>();
  const statement = (sql: string, held: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(held, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (key === "bind") return (...args: unknown[]) => statement(sql, target.bind(...args));
        if (typeof value !== "function") return value;
        if (key !== "run" && key !== "first" && key !== "all") return value.bind(target);
        return (...args: unknown[]) => gate(sql, () => Reflect.apply(value, target, args));
      },
    });
    real.set(proxy, held);
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

/** The first statement that matches is applied and its answer is lost. */
export function databaseLosingReply(match: RegExp): D1Database {
  let left = 1;
  return gatedDatabase(async (sql, call) => {
    const answer = await call();
    if (match.test(sql) && left-- > 0) throw new Error("Network connection lost.");
    return answer;
  });
}

/** D1 and R2 of a worker that is killed at its k-th store call, before or after it was applied. */
export function storesKilledAt(k: number, after: boolean) {
  let calls = 0;
  const gate: Gate = async (_sql, call) => {
    calls += 1;
    if (calls > k) throw new Error("SQLITE_ERROR: killed");
    if (calls < k) return call();
    if (after) await call();
    throw new Error("SQLITE_ERROR: killed");
  };
  const bucket = new Proxy(env.OBJECTS, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      if (key !== "put" && key !== "get") return value.bind(target);
      return (...args: unknown[]) => gate("r2", () => Reflect.apply(value, target, args));
    },
  });
  return { env: { DB: gatedDatabase(gate), OBJECTS: bucket }, calls: () => calls };
}
