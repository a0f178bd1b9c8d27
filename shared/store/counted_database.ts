/** A database that counts its statements: an invocation may run 1,000. */

const counters = new WeakMap<D1Database, () => number>();
const originals = new WeakMap<D1Database, D1Database>();

export function countQueries(database: D1Database): { db: D1Database; queries(): number } {
  let count = 0;
  const queries = (): number => count;
  const db = new Proxy(database, {
    get(target, name) {
      if (name === "prepare") count += 1;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  counters.set(db, queries);
  originals.set(db, originalOf(database));
  return { db, queries };
}

/** The database below one that counts. */
export const originalOf = (db: D1Database): D1Database => originals.get(db) ?? db;

/** The statements so far; 0 for a database that does not count. */
export const queriesOf = (db: D1Database): number => counters.get(db)?.() ?? 0;
