/** Calls the producer as a client does, with queues that remember what they were given. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { ProducerEnv } from "../../producer/env.ts";
import type { Detail } from "../../producer/http/problem.ts";
import producer from "../../producer/index.ts";
import type { TaskMessage } from "../../shared/message.ts";
import { undescribed } from "./described.ts";

export interface Sent extends TaskMessage {
  delaySeconds: number;
}

/** A queue that keeps its messages, or that fails each call with `broken`. */
export class RecordingQueue implements Queue<TaskMessage> {
  readonly sent: Sent[] = [];
  broken: string | null = null;
  backlog = 0;

  async metrics() {
    return { backlogCount: this.backlog, backlogBytes: 0 };
  }

  async send(body: TaskMessage, options?: QueueSendOptions) {
    return this.sendBatch([{ body, delaySeconds: options?.delaySeconds ?? 0 }]);
  }

  async sendBatch(messages: Iterable<MessageSendRequest<TaskMessage>>) {
    if (this.broken !== null) throw new Error(this.broken);
    const group = [...messages];
    if (group.length > 100) throw new Error("a queue takes 100 messages at once");
    for (const { body, delaySeconds } of group) {
      this.sent.push({ ...body, delaySeconds: delaySeconds ?? 0 });
    }
    return { metadata: { metrics: await this.metrics() } };
  }
}

export interface TestFleet {
  env: ProducerEnv;
  tasks: RecordingQueue;
  low: RecordingQueue;
}

export const key = "test-key";

export function testFleet(change: Partial<ProducerEnv> = {}): TestFleet {
  const tasks = new RecordingQueue();
  const low = new RecordingQueue();
  return {
    env: { ...env, FLEET_API_KEY: key, TASKS: tasks, TASKS_LOW: low, ...change },
    tasks,
    low,
  };
}

/**
 * One request and its whole answer; work behind the answer has ended too. The answer is one that the
 * OpenAPI document promises.
 */
export async function send(
  fleet: TestFleet,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://fleet${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...typeOf(body), ...headers },
    ...(body === undefined ? {} : { body: bodyOf(body) }),
  });
  const ctx = createExecutionContext();
  const answer = await producer.fetch(request, fleet.env, ctx);
  await waitOnExecutionContext(ctx);
  const { pathname } = new URL(request.url);
  expect(await undescribed(method, pathname, answer.clone())).toBeNull();
  return answer;
}

const isRaw = (body: unknown): body is string | Uint8Array | ReadableStream =>
  typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;

const bodyOf = (body: unknown): BodyInit => (isRaw(body) ? body : JSON.stringify(body));

const typeOf = (body: unknown): Record<string, string> =>
  body === undefined ? {} : { "content-type": "application/json" };

/** The smallest task that this fleet takes. */
export const task = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  prompt: "Say yes.",
  rehearsal: [{ calls: [{ name: "final_answer", arguments: { text: "yes" } }] }],
  ...more,
});

export const ndjson = { "content-type": "application/x-ndjson" };

export const lines = (tasks: readonly unknown[]): string =>
  `${tasks.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join("\n")}\n`;

export async function countTasks(): Promise<number> {
  const row = await env.DB.prepare("SELECT COUNT(*) AS n FROM tasks").first<{ n: number }>();
  return row?.n ?? 0;
}

export async function countBatches(): Promise<number> {
  const row = await env.DB.prepare("SELECT COUNT(*) AS n FROM batches").first<{ n: number }>();
  return row?.n ?? 0;
}

export interface Refusal {
  error: { code: string; message: string; details?: Detail[] };
}

/** Sends what must not be accepted and sees that nothing was. */
export async function refused(
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  change: Partial<ProducerEnv> = {},
): Promise<{ status: number; error: Refusal["error"]; headers: Headers }> {
  const fleet = testFleet(change);
  const before = [await countTasks(), await countBatches()];
  const answer = await send(fleet, method, path, body, headers);
  const { error } = await answer.json<Refusal>();
  expect([await countTasks(), await countBatches()]).toEqual(before);
  expect([...fleet.tasks.sent, ...fleet.low.sent]).toEqual([]);
  return { status: answer.status, error, headers: answer.headers };
}
