/**
 * What a task uses of the platform: real D1 and the real consumer, in simulated time. docs/operations.md prices
 * these figures.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { type Operations, type Shape, shapes } from "../../producer/cost/operations.ts";
import { newTaskId } from "../../shared/identity/ids.ts";
import { removeTasks } from "../../shared/store/cleanup/old_tasks.ts";
import { insertTasks, type NewTask } from "../../shared/store/tasks/submissions.ts";
import { Random } from "../chaos/random.ts";
import { noUse } from "../governor/memory_governor.ts";
import { SimulatedTime } from "../governor/simulated_time.ts";
import { countedDatabase } from "../shared/counted_database.ts";
import { deliverAll } from "./delivery/limited_scene.ts";
import { acceptTask } from "./harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Few of the slow ones: each call is a simulated one on a real database. */
const tasksOf = ({ calls, refusedShare }: Shape): number =>
  calls === 1 ? 40 : refusedShare === 0 ? 12 : 8;
/** So that a slot takes several tasks, as it does while tasks wait. */
const slots = 10;
const prompt = "p".repeat(800);
const stepShare = 0.1;

// The first task of a model inserts its row in `task_tallies`.
beforeAll(async () => {
  await acceptTask({ prompt, model: "m" }, { not_before: 9e15 });
});

function countedObjects() {
  const use = { writes: 0, reads: 0 };
  const objects = new Proxy(env.OBJECTS, {
    get(target, name) {
      if (name === "put") use.writes += 1;
      if (name === "get" || name === "head") use.reads += 1;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  return { objects, use };
}

/** The rows that the insertion of one task of many writes. */
async function insertedRows(): Promise<number> {
  const { db, rows } = countedDatabase(env.DB);
  const list: NewTask[] = Array.from({ length: 100 }, () => ({
    ...{ id: newTaskId(), tenant: "default", model: "m", policy: "default", sandbox: "isolate" },
    ...{ batch_id: null, batch_index: null, custom_id: null, idempotency_key: null },
    ...{ body_hash: null, attempts: 3, priority: "normal", labels: "{}", expires_at: null },
    ...{ spec: JSON.stringify({ prompt, model: "m" }), not_before: 9e15 },
  }));
  await insertTasks(db, list);
  return rows.written / list.length;
}

async function measure(
  shape: Shape,
): Promise<Omit<Operations, "cpuMs" | "storedBytes" | "programs">> {
  const tasks = tasksOf(shape);
  const inserted = await insertedRows();
  const time = new SimulatedTime({ real: true });
  const random = new Random(5).fork(shape.name);
  const counted = countedDatabase(env.DB);
  const { objects, use: objectUse } = countedObjects();
  const use = noUse();
  const lines = vi.spyOn(console, "log").mockImplementation(() => undefined);
  let calls = 0;
  const call = async () => {
    calls += 1;
    const isRefused = shape.refusedShare > 0 && calls % Math.round(1 / shape.refusedShare) === 0;
    if (isRefused) return new Response("no", { status: 429, headers: { "retry-after": "5" } });
    await time.sleep(shape.callSeconds * 1_000);
    return new Response("");
  };
  const bindings = { DB: counted.db, OBJECTS: objects };
  const task = { prompt };
  const played = await deliverAll(
    { tasks, calls: shape.calls, task },
    { time, random, call, rpm: 300, slots, bindings, use },
  );
  expect(played.finished).toBe(true);
  const logged = lines.mock.calls.map(([line]) => JSON.parse(String(line)) as { event: string });
  const steps = logged.filter(({ event }) => event === "step").length;
  const removal = countedDatabase(env.DB);
  const old = played.ids.map((id) => ({ id, tenant: "default", fence: 0, decisions: 0 }));
  for (const each of old) {
    const row = await env.DB.prepare("SELECT fence FROM tasks WHERE id = ?1")
      .bind(each.id)
      .first<{ fence: number }>();
    each.fence = row?.fence ?? 0;
  }
  await removeTasks(removal.db, old, 9e15);
  const perTask = (n: number): number => Math.round((n / tasks) * 100) / 100;
  return {
    messages: perTask(played.deliveries),
    d1RowsWritten: perTask(counted.rows.written + removal.rows.written + inserted * tasks),
    d1RowsRead: perTask(counted.rows.read),
    d1Calls: perTask(counted.rows.trips),
    r2Writes: perTask(objectUse.writes),
    r2Reads: perTask(objectUse.reads),
    governorRequests: perTask(use.requests),
    governorRows: perTask(use.rowsStored),
    logLines: perTask(logged.length - steps * (1 - stepShare)),
    modelCalls: perTask(calls),
  };
}

test.each(shapes.map((shape) => [shape.name, shape] as const))(
  "a task of %s uses what docs/operations.md prices",
  async (_name, shape) => {
    const measured = await measure(shape);
    console.info(JSON.stringify(measured));
    for (const [name, count] of Object.entries(measured)) {
      const stated = shape.operations[name as keyof typeof measured];
      // Waits and turns differ from run to run: the seed is fixed, the order of parallel calls is not.
      const share = shape.refusedShare > 0 ? 0.4 : 0.15;
      expect(count, name).toBeLessThanOrEqual(stated * (1 + share) + 0.2);
      expect(count, name).toBeGreaterThanOrEqual(stated * (1 - share) - 0.2);
    }
  },
  120_000,
);
