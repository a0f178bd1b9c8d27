/** A database that counts its statements: an invocation may run 1,000. */

export function countQueries(database: D1Database): { db: D1Database; queries(): number } {
  let count = 0;
  const db = new Proxy(database, {
    get(target, name) {
      if (name === "prepare") count += 1;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  return { db, queries: () => count };
}
