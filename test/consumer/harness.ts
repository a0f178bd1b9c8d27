/** Inserts tasks into D1, delivers their messages and reads the outcome, for tests of the consumer. */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { ConsumerEnv } from "../../consumer/config/env.ts";
import { closedBreaker } from "../../consumer/governor/breaker.ts";
import consumer from "../../consumer/index.ts";
import { newTaskId } from "../../shared/identity/ids.ts";
import { taskMessage } from "../../shared/platform/message.ts";
import { insertTasks, type NewTask } from "../../shared/store/tasks/submissions.ts";
import {
  type StoredTaskRow,
  type TaskRow,
  wholeColumns,
  wholeTask,
} from "../../shared/store/tasks/task_row.ts";
import type { Step } from "../../shared/task/step.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import { readJournal, readTranscript } from "../../shared/task/transcript.ts";

export interface SentMessage {
  body: { v: number; task_id: string; model: string };
  delaySeconds: number;
}

/** A queue that only records its messages: the test decides what to deliver, when, and how often. */
export function recordingQueue(sent: SentMessage[]): Queue {
  const metadata = { metrics: { backlogCount: 0, backlogBytes: 0 } };
  return {
    async send(body: SentMessage["body"], options?: QueueSendOptions) {
      sent.push({ body, delaySeconds: options?.delaySeconds ?? 0 });
      return { metadata };
    },
    async sendBatch(messages: Iterable<MessageSendRequest<SentMessage["body"]>>) {
      for (const { body, delaySeconds } of messages)
        sent.push({ body, delaySeconds: delaySeconds ?? 0 });
      return { metadata };
    },
    async metrics() {
      return metadata.metrics;
    },
  } as unknown as Queue;
}

export interface TestConsumer {
  env: ConsumerEnv;
  sent: SentMessage[];
}

/** The test's environment with recording queues and these bindings. */
export function testConsumer(overrides: Record<string, unknown> = {}): TestConsumer {
  const sent: SentMessage[] = [];
  const queue = recordingQueue(sent);
  return { env: { ...env, TASKS: queue, TASKS_LOW: queue, ...overrides } as ConsumerEnv, sent };
}

export async function acceptTask(
  task: DurableTask,
  overrides: Partial<NewTask> = {},
): Promise<string> {
  const id = overrides.id ?? newTaskId();
  await insertTasks(env.DB, [
    {
      id,
      tenant: "default",
      batch_id: null,
      batch_index: null,
      custom_id: null,
      idempotency_key: null,
      body_hash: null,
      attempts: task.attempts ?? 3,
      model: task.model ?? "rehearsal",
      policy: task.policy ?? "default",
      sandbox: task.sandbox ?? "isolate",
      priority: "normal",
      labels: "{}",
      spec: JSON.stringify(task),
      not_before: null,
      expires_at: null,
      ...overrides,
    },
  ]);
  return id;
}

/** Delivers the messages as one batch; returns how many were acknowledged and how many will be retried. */
export async function deliverMessages(
  { env: on }: TestConsumer,
  ids: readonly string[],
  queue = "tasks",
  model = "rehearsal",
): Promise<{ acked: number; retried: number }> {
  const batch = createMessageBatch(
    queue,
    ids.map((id, n) => ({
      id: `message-${n}`,
      timestamp: new Date(),
      attempts: 1,
      body: taskMessage(id, model),
    })),
  );
  const context = createExecutionContext();
  await consumer.queue(batch, on);
  const result = await getQueueResult(batch, context);
  return { acked: result.explicitAcks.length, retried: result.retryMessages.length };
}

export async function readRow(id: string): Promise<TaskRow> {
  const row = await env.DB.prepare(
    `SELECT ${wholeColumns}, COALESCE(newer_reason, reason) AS reason FROM tasks WHERE id = ?1`,
  )
    .bind(id)
    .first<StoredTaskRow>();
  if (row === null) throw new Error(`there is no task ${id}`);
  return wholeTask(row);
}

/** The steps of a task: from its transcript once it settled, else from the journal. */
export async function readSteps(id: string): Promise<Step[]> {
  const row = await readRow(id);
  if (row.finished_at !== null) return (await readTranscript(env.DB, env.OBJECTS, row)).steps;
  const journal = await readJournal(env.DB, env.OBJECTS, row);
  if (!journal.ok) throw new Error(journal.error);
  return journal.value;
}

/** Accepts a task and delivers it until it settles. */
export async function runTask(
  task: DurableTask,
  overrides: { consumer?: TestConsumer; row?: Partial<NewTask>; deliveriesMax?: number } = {},
): Promise<TaskRow> {
  const on = overrides.consumer ?? testConsumer();
  // A slot takes any due task, so those of earlier tests must not be due.
  await env.DB.prepare("UPDATE tasks SET not_before = 9e15 WHERE status = 'queued'").run();
  const id = await acceptTask(task, overrides.row);
  for (let n = 0; n < (overrides.deliveriesMax ?? 10); n++) {
    await deliverMessages(on, [id]);
    const row = await readRow(id);
    if (row.finished_at !== null) return row;
    await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  }
  return readRow(id);
}

export const toolCall = (name: string, args: Record<string, unknown>) => ({
  calls: [{ name, arguments: args }],
});
export const finalAnswer = (args: Record<string, unknown> = { text: "done" }) =>
  toolCall("final_answer", args);

/** A governor that permits everything, for tests that are not about rates; `overrides` replaces methods. */
export function permissiveGovernor(overrides: Record<string, unknown> = {}) {
  const answer = async () => ({
    permit: { granted: true, at: 0, isNew: true, isProbe: false },
    breaker: closedBreaker,
  });
  const breaker = async () => closedBreaker;
  const methods = {
    ...{ admit: answer, grant: answer, receive: async () => undefined },
    ...{ breaker, recordFault: breaker, recordAnswer: breaker },
    pass: async () => ({ passage: { open: true }, breaker: closedBreaker }),
    ...overrides,
  };
  return { idFromName: (name: string) => name, get: () => methods };
}

/** An endpoint of its own for each test: the breaker of one must not close another's. */
export const uniqueEndpoint = (): string => `http://${crypto.randomUUID()}.invalid/v1`;
