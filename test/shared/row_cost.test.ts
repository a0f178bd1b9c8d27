import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import type { ProducerEnv } from "../../producer/env.ts";
import { acceptTask } from "../../producer/tasks/accept.ts";
import type { DurableTask } from "../../shared/task.ts";
import {
  accept,
  bench,
  call,
  deliverTo,
  finish,
  recordingQueue,
  rowOf,
} from "../consumer/harness.ts";
import { countedDatabase } from "./counted_database.ts";

const read = (offset: number) => call("read_file", { path: "a.txt", offset });
const unavailable = { error: { status: 500, code: 500, message: "down" } };
const files = { "a.txt": { text: "0123456789" } };
const prompt = "p";
const model = "rehearsal";

interface Cost {
  task: DurableTask;
  steps: number;
  /** Rows that D1 bills as written, acceptance included. */
  rows: number;
  /** Calls of D1, acceptance included. */
  trips: number;
}

// docs/ARCHITECTURE.md quotes these figures.
const costs: Record<string, Cost> = {
  "one step, the answer": {
    task: { prompt, model, rehearsal: [finish()] },
    steps: 1,
    rows: 8,
    trips: 4,
  },
  "fourteen steps, seven of them model calls": {
    task: {
      prompt,
      model,
      files,
      rehearsal: [
        {
          calls: [
            { name: "read_file", arguments: { path: "a.txt" } },
            { name: "list_files", arguments: {} },
          ],
        },
        ...[1, 2, 3, 4, 5].map(read),
        finish(),
      ],
    },
    steps: 14,
    rows: 34,
    trips: 16,
  },
  "three steps with one refused request": {
    task: {
      prompt,
      model,
      rehearsal: [call("fetch_url", { url: "https://unlisted.example/" }), finish()],
    },
    steps: 3,
    rows: 13,
    trips: 6,
  },
  "two steps, the first a failed attempt": {
    task: { prompt, model, rehearsal: [unavailable, finish()] },
    steps: 2,
    rows: 15,
    trips: 8,
  },
};

// A model's first task makes its row in `task_tallies`, once.
beforeAll(async () => {
  await accept({ prompt, model });
});

test.each(Object.entries(costs))("%s: the rows it writes in D1", async (_, cost) => {
  const accepting = countedDatabase(env.DB);
  const queue = recordingQueue([]);
  const producer = { ...env, DB: accepting.db, TASKS: queue, TASKS_LOW: queue } as ProducerEnv;
  const by = { tenant: "default", idempotencyKey: null, attempts: 3 };
  const accepted = await acceptTask(producer, cost.task, by);
  if (!accepted.ok) throw new Error(accepted.error.message);
  const { id } = accepted.value.row;

  const running = countedDatabase(env.DB);
  const on = bench({ DB: running.db });
  await deliverTo(on, []);
  const once = { ...running.rows };
  for (let n = 0; n < 3 && (await rowOf(id)).finished_at === null; n++) {
    await deliverTo(on, [id]);
    await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  }
  const row = await rowOf(id);
  expect({
    status: row.status,
    steps: JSON.parse(row.usage).steps,
    rows: accepting.rows.written + running.rows.written - once.written,
    trips: accepting.rows.trips + running.rows.trips - once.trips,
  }).toEqual({ status: "succeeded", steps: cost.steps, rows: cost.rows, trips: cost.trips });
});
