import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import type { ProducerEnv } from "../../producer/env.ts";
import * as producer from "../../producer/tasks/accept.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  recordingQueue,
  testConsumer,
  toolCall,
} from "../consumer/harness.ts";
import { countedDatabase } from "./counted_database.ts";

const read = (offset: number) => toolCall("read_file", { path: "a.txt", offset });
const unavailable = { error: { status: 500, code: 500, message: "down" } };
const files = { "a.txt": { text: "0123456789" } };
const prompt = "p";
const model = "rehearsal";

interface Cost {
  task: DurableTask;
  steps: number;
  /** Rows that D1 bills as written, including acceptance. */
  rows: number;
  /** Calls of D1, including acceptance. */
  trips: number;
}

// docs/bindings.md quotes these figures.
const costs: Record<string, Cost> = {
  "one step (the answer)": {
    task: { prompt, model, rehearsal: [finalAnswer()] },
    steps: 1,
    rows: 10,
    trips: 3,
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
        finalAnswer(),
      ],
    },
    steps: 14,
    rows: 22,
    trips: 9,
  },
  "three steps and one denied request": {
    task: {
      prompt,
      model,
      rehearsal: [toolCall("fetch_url", { url: "https://unlisted.example/" }), finalAnswer()],
    },
    steps: 3,
    rows: 13,
    trips: 4,
  },
  "two steps, the first a failed attempt": {
    task: { prompt, model, rehearsal: [unavailable, finalAnswer()] },
    steps: 2,
    rows: 18,
    trips: 9,
  },
};

// The first task of a model inserts its row in `task_tallies`.
beforeAll(async () => {
  // Not due, so no slot takes it.
  await acceptTask({ prompt, model }, { not_before: Date.now() + 3_600_000 });
});

test.each(Object.entries(costs))(
  "a task with %s writes the stated number of D1 rows in the stated number of calls",
  async (_, cost) => {
    const accepting = countedDatabase(env.DB);
    const queue = recordingQueue([]);
    const producerEnv = { ...env, DB: accepting.db, TASKS: queue, TASKS_LOW: queue } as ProducerEnv;
    const submission = { tenant: "default", idempotencyKey: null, attempts: 3 };
    const accepted = await producer.acceptTask(producerEnv, cost.task, submission);
    if (!accepted.ok) throw new Error(accepted.error.message);
    const { id } = accepted.value.row;

    const running = countedDatabase(env.DB);
    const consumer = testConsumer({ DB: running.db });
    await deliverMessages(consumer, []);
    const startup = { ...running.rows };
    for (let n = 0; n < 3 && (await readRow(id)).finished_at === null; n++) {
      await deliverMessages(consumer, [id]);
      await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
    }
    const row = await readRow(id);
    expect({
      status: row.status,
      steps: JSON.parse(row.usage).steps,
      rows: accepting.rows.written + running.rows.written - startup.written,
      trips: accepting.rows.trips + running.rows.trips - startup.trips,
    }).toEqual({ status: "succeeded", steps: cost.steps, rows: cost.rows, trips: cost.trips });
  },
);
