/**
 * The environment that one operation is given: the real D1, R2 and Loader, and the run's queue, each call
 * passing the operation's saboteur. A seeded bug changes statements, objects or messages here, too.
 */
import { env } from "cloudflare:workers";
import type { ConsumerEnv } from "../../consumer/config/env.ts";
import type { SealedLoader } from "../../consumer/sandbox/dynamic_worker.ts";
import type { ProducerEnv } from "../../producer/env.ts";
import { openLoader, sealedLoader } from "../sandbox/loader.ts";
import { type Auditor, type AuditRow, auditSql, type Writer } from "./auditor.ts";
import type { Clock } from "./clock.ts";
import type { Saboteur } from "./saboteur.ts";
import type { SimQueue } from "./sim_queue.ts";

/** One statement on its way to D1. */
export interface Statement {
  sql: string;
  args: readonly unknown[];
}

/** A known bug, applied from outside; what it does not name is left alone. */
export interface SeededBug {
  statement?: (statement: Statement) => Statement;
  /** Null: the object is not stored, and the product is told that it is. */
  object?: (key: string, bytes: Uint8Array) => Uint8Array | null;
  /** How many copies of each message go out. */
  copies?: number;
  env?: Record<string, unknown>;
  /** Called after each operation with the names of the secrets' values. */
  afterwards?: (secrets: readonly string[]) => void;
  /** The upstream's stand-in sends each request this often. */
  sends?: number;
  /** It follows redirects itself, with everything that the request carried. */
  follows?: boolean;
  /** A statement that asks first and writes then, as two calls; null: as it is. */
  split?: (statement: Statement) => { asks: Statement; writes: Statement } | null;
  /** The product is told that it is done: a statement comes before the next write to D1, an object at the end. */
  late?: { statement?: (statement: Statement) => boolean; object?: (key: string) => boolean };
  /** What a worker had in hand when it died counts as acknowledged. */
  acksFirst?: boolean;
}

export interface Surroundings {
  clock: Clock;
  auditor: Auditor;
  queue: SimQueue;
  bug: SeededBug;
  vars: Record<string, unknown>;
}

export type FleetEnv = ConsumerEnv & ProducerEnv;

export function bindingsOf(on: Surroundings, saboteur: Saboteur, writer: Writer): FleetEnv {
  return {
    ...env,
    ...on.vars,
    ...on.bug.env,
    DB: database(on, saboteur, writer),
    OBJECTS: bucket(on, saboteur),
    TASKS: queue(on, "tasks", saboteur),
    TASKS_LOW: queue(on, "tasks-low", saboteur),
    LOADER: loader(saboteur),
  } as FleetEnv;
}

const writes = /^\s*(INSERT|UPDATE|DELETE|REPLACE)/i;
const nameOf = (sql: string): string => sql.replace(/\s+/g, " ").trim().slice(0, 48);

function database(on: Surroundings, saboteur: Saboteur, writer: Writer): D1Database {
  const held = new WeakMap<object, Statement>();

  async function run(given: readonly Statement[]): Promise<D1Result[]> {
    const statements = given.map((each) =>
      on.bug.late?.statement?.(each) === true ? postponed(each, writer) : each,
    );
    const name = statements.map(({ sql }) => nameOf(sql)).join("; ");
    return saboteur.pass("d1", name, async () => {
      const real = statements.map((statement) => {
        const { sql, args } = on.bug.statement?.(statement) ?? statement;
        return env.DB.prepare(on.clock.simulated(sql)).bind(...args);
      });
      if (!statements.some(({ sql }) => writes.test(sql))) return env.DB.batch(real);
      const halves = on.bug.split?.(statements[0] ?? { sql: "", args: [] }) ?? null;
      if (halves !== null) {
        const asked = await run([halves.asks]);
        if (asked[0]?.results.length === 0) return asked;
        return run([halves.writes]);
      }
      for (const late of writer.late.splice(0)) await late();
      return on.auditor.alone(async () => {
        const answers = await env.DB.batch([...real, env.DB.prepare(auditSql)]);
        on.auditor.saw(answers.pop()?.results[0] as AuditRow, writer);
        return answers;
      });
    });
  }

  function prepared(statement: Statement): D1PreparedStatement {
    const only = async (): Promise<D1Result> => {
      const [answer] = await run([statement]);
      if (answer === undefined) throw new Error("D1 gave no answer");
      return answer;
    };
    const made = {
      bind: (...args: unknown[]) => prepared({ sql: statement.sql, args }),
      run: only,
      all: only,
      first: async () => (await only()).results[0] ?? null,
    } as unknown as D1PreparedStatement;
    held.set(made, statement);
    return made;
  }

  return {
    prepare: (sql: string) => prepared({ sql, args: [] }),
    batch: (list: D1PreparedStatement[]) =>
      run(list.map((each) => held.get(each) ?? { sql: "SELECT 1", args: [] })),
  } as unknown as D1Database;
}

const gatedMethods = ["get", "head", "list", "delete", "createMultipartUpload"];

/** The same values, and nothing is written; the statement itself comes later. */
function postponed(statement: Statement, writer: Writer): Statement {
  const { sql, args } = statement;
  writer.late.push(() =>
    env.DB.prepare(sql)
      .bind(...args)
      .run(),
  );
  return { sql: `SELECT ${args.map((_, n) => `?${n + 1}`).join(", ")} WHERE false`, args };
}

function bucket(on: Surroundings, saboteur: Saboteur): R2Bucket {
  const gated = (name: string, run: () => Promise<unknown>) => saboteur.pass("r2", name, run);
  return new Proxy(env.OBJECTS, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      const apply = (args: unknown[]) => Reflect.apply(value, target, args);
      if (key === "put") {
        return (at: string, body: Uint8Array, options: R2PutOptions) => {
          const changed = on.bug.object === undefined ? body : on.bug.object(at, body);
          const { sha256: _, ...rest } = options;
          const how = changed === body ? options : rest;
          const stored = async () => (changed === null ? {} : apply([at, changed, how]));
          const put = async () => {
            if (on.bug.late?.object?.(at) !== true) return stored();
            saboteur.late.push(stored);
            return {};
          };
          return gated(`put ${kindOf(at)}`, put);
        };
      }
      if (gatedMethods.includes(String(key))) {
        return (...args: unknown[]) =>
          gated(`${String(key)} ${kindOf(typeof args[0] === "string" ? args[0] : "many")}`, () =>
            apply(args),
          );
      }
      return value.bind(target);
    },
  });
}

/** What an object is, from its key: `result.json`, `blobs` and so on. */
const kindOf = (key: string): string =>
  key.includes("/blobs/") ? "blob" : (key.split("/").at(-1) ?? key);

function queue(on: Surroundings, name: "tasks" | "tasks-low", saboteur: Saboteur): Queue {
  const real = on.queue.binding(name, saboteur);
  const copies = on.bug.copies ?? 1;
  if (copies === 1) return real;
  return {
    metrics: () => real.metrics(),
    async send(body: never, options?: QueueSendOptions) {
      for (let n = 1; n < copies; n++) await real.send(body, options);
      return real.send(body, options);
    },
    sendBatch: (messages: MessageSendRequest<never>[]) => real.sendBatch(messages),
  } as Queue;
}

function loader(saboteur: Saboteur): SealedLoader {
  return sealedLoader({
    get: (...args: Parameters<WorkerLoader["get"]>) =>
      saboteur.passNow("loader", "get", () => openLoader.get(...args)),
    load: (...args: Parameters<WorkerLoader["load"]>) =>
      saboteur.passNow("loader", "load", () => openLoader.load(...args)),
  });
}
