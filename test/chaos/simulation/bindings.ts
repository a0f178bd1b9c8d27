/**
 * The bindings of one operation: the real D1, R2 and Loader, and the simulated queue. Each call passes the
 * operation's fault injector. A seeded bug changes statements, objects or messages here.
 */
import { env } from "cloudflare:workers";
import type { ConsumerEnv } from "../../../consumer/config/env.ts";
import type { SealedLoader } from "../../../consumer/sandbox/dynamic_worker.ts";
import type { ProducerEnv } from "../../../producer/env.ts";
import { openLoader, sealedLoader } from "../../sandbox/loader.ts";
import { type Auditor, type AuditRow, auditSql, type Writer } from "../checks/auditor.ts";
import type { Clock } from "./clock.ts";
import type { FaultInjector } from "./fault_injector.ts";
import type { SimulatedQueue } from "./simulated_queue.ts";

/** A statement that is sent to D1. */
export interface Statement {
  sql: string;
  args: readonly unknown[];
}

/** A read, and a later write that uses its row. */
export interface StatementSplit {
  read: Statement;
  write: (row: Record<string, unknown>) => Statement;
}

/** A known bug that is injected without changing the product. */
export interface SeededBug {
  statement?: (statement: Statement) => Statement;
  /** Returns what is stored. Null: nothing is stored, but the product gets a success. */
  object?: (key: string, bytes: Uint8Array) => Uint8Array | null;
  /** The number of copies of each sent message. */
  copies?: number;
  env?: Record<string, unknown>;
  /** Called after each operation with the values of the secrets. */
  afterOperation?: (secrets: readonly string[]) => void;
  /** The fake upstream receives each request this often. */
  requestCopies?: number;
  /** The fake upstream follows redirects, with all headers of the request. */
  followsRedirects?: boolean;
  /** Splits a statement into a read and a later write; null: unchanged. */
  splitStatement?: (statement: Statement) => StatementSplit | null;
  /** The product gets a success at once; the statement runs before the next write to D1, the object at the end. */
  delayed?: { statement?: (statement: Statement) => boolean; object?: (key: string) => boolean };
  /** The messages of a worker that died count as acknowledged. */
  acksBeforeSettling?: boolean;
}

export interface RunContext {
  clock: Clock;
  auditor: Auditor;
  queue: SimulatedQueue;
  bug: SeededBug;
  vars: Record<string, unknown>;
}

export type FleetEnv = ConsumerEnv & ProducerEnv;

export function bindingsOf(context: RunContext, injector: FaultInjector, writer: Writer): FleetEnv {
  return {
    ...env,
    ...context.vars,
    ...context.bug.env,
    DB: database(context, injector, writer),
    OBJECTS: bucket(context, injector),
    TASKS: queue(context, "tasks", injector),
    TASKS_LOW: queue(context, "tasks-low", injector),
    LOADER: loader(injector),
  } as FleetEnv;
}

const writes = /^\s*(INSERT|UPDATE|DELETE|REPLACE)/i;
const shortName = (sql: string): string => sql.replace(/\s+/g, " ").trim().slice(0, 48);

function database(context: RunContext, injector: FaultInjector, writer: Writer): D1Database {
  const statementOf = new WeakMap<object, Statement>();

  async function run(originals: readonly Statement[]): Promise<D1Result[]> {
    const statements = originals.map((each) =>
      context.bug.delayed?.statement?.(each) === true ? postpone(each, writer) : each,
    );
    const name = statements.map(({ sql }) => shortName(sql)).join("; ");
    return injector.pass("d1", name, async () => {
      const real = statements.map((statement) => {
        const { sql, args } = context.bug.statement?.(statement) ?? statement;
        return env.DB.prepare(context.clock.simulated(sql)).bind(...args);
      });
      if (!statements.some(({ sql }) => writes.test(sql))) return env.DB.batch(real);
      const split = context.bug.splitStatement?.(statements[0] ?? { sql: "", args: [] }) ?? null;
      if (split !== null) {
        const [read] = await run([split.read]);
        const row = read?.results[0] as Record<string, unknown> | undefined;
        return row === undefined ? [read as D1Result] : run([split.write(row)]);
      }
      for (const write of writer.delayed.splice(0)) await write();
      return context.auditor.exclusively(async () => {
        const answers = await env.DB.batch([...real, env.DB.prepare(auditSql)]);
        context.auditor.observe(answers.pop()?.results[0] as AuditRow, writer);
        return answers;
      });
    });
  }

  function prepare(statement: Statement): D1PreparedStatement {
    const runOne = async (): Promise<D1Result> => {
      const [answer] = await run([statement]);
      if (answer === undefined) throw new Error("D1 gave no answer");
      return answer;
    };
    const proxy = {
      bind: (...args: unknown[]) => prepare({ sql: statement.sql, args }),
      run: runOne,
      all: runOne,
      first: async () => (await runOne()).results[0] ?? null,
    } as unknown as D1PreparedStatement;
    statementOf.set(proxy, statement);
    return proxy;
  }

  return {
    prepare: (sql: string) => prepare({ sql, args: [] }),
    batch: (list: D1PreparedStatement[]) =>
      run(list.map((each) => statementOf.get(each) ?? { sql: "SELECT 1", args: [] })),
  } as unknown as D1Database;
}

const gatedMethods = ["get", "head", "list", "delete", "createMultipartUpload"];

/** A statement with the same parameters that writes nothing; the real one runs later. */
function postpone(statement: Statement, writer: Writer): Statement {
  const { sql, args } = statement;
  writer.delayed.push(() =>
    env.DB.prepare(sql)
      .bind(...args)
      .run(),
  );
  return { sql: `SELECT ${args.map((_, n) => `?${n + 1}`).join(", ")} WHERE false`, args };
}

function bucket(context: RunContext, injector: FaultInjector): R2Bucket {
  const gated = (name: string, run: () => Promise<unknown>) => injector.pass("r2", name, run);
  return new Proxy(env.OBJECTS, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      const apply = (args: unknown[]) => Reflect.apply(value, target, args);
      if (key === "put") {
        return (path: string, body: Uint8Array, options: R2PutOptions) => {
          const changed = context.bug.object === undefined ? body : context.bug.object(path, body);
          const { sha256: _, ...rest } = options;
          const putOptions = changed === body ? options : rest;
          const stored = async () => (changed === null ? {} : apply([path, changed, putOptions]));
          const put = async () => {
            if (context.bug.delayed?.object?.(path) !== true) return stored();
            injector.late.push(stored);
            return {};
          };
          return gated(`put ${objectKind(path)}`, put);
        };
      }
      if (gatedMethods.includes(String(key))) {
        return (...args: unknown[]) =>
          gated(
            `${String(key)} ${objectKind(typeof args[0] === "string" ? args[0] : "many")}`,
            () => apply(args),
          );
      }
      return value.bind(target);
    },
  });
}

/** The kind of an object by its key, such as `result.json`. */
const objectKind = (key: string): string =>
  key.includes("/blobs/") ? "blob" : (key.split("/").at(-1) ?? key);

function queue(context: RunContext, name: "tasks" | "tasks-low", injector: FaultInjector): Queue {
  const real = context.queue.binding(name, injector);
  const copies = context.bug.copies ?? 1;
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

function loader(injector: FaultInjector): SealedLoader {
  return sealedLoader({
    get: (...args: Parameters<WorkerLoader["get"]>) =>
      injector.passSync("loader", "get", () => openLoader.get(...args)),
    load: (...args: Parameters<WorkerLoader["load"]>) =>
      injector.passSync("loader", "load", () => openLoader.load(...args)),
  });
}
