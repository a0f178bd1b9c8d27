/** Calls the producer like a client, with queues that record their messages. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { ProducerEnv } from "../../producer/env.ts";
import type { Detail } from "../../producer/http/problem.ts";
import producer from "../../producer/index.ts";
import type { TaskMessage } from "../../shared/platform/message.ts";
import { describeMismatch } from "./described.ts";

export interface SentMessage extends TaskMessage {
  delaySeconds: number;
}

/** Records messages, or fails every call with the message in `broken`. */
export class RecordingQueue implements Queue<TaskMessage> {
  readonly sent: SentMessage[] = [];
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
    return { metadata: { metrics: { backlogCount: this.backlog, backlogBytes: 0 } } };
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
 * Sends a request and waits for the response and for the work that continues after it. Checks the response
 * against the OpenAPI document.
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
  const response = await producer.fetch(request, fleet.env, ctx);
  await waitOnExecutionContext(ctx);
  const { pathname } = new URL(request.url);
  expect(await describeMismatch(method, pathname, response.clone())).toBeNull();
  return response;
}

const isRaw = (body: unknown): body is string | Uint8Array | ReadableStream =>
  typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;

const bodyOf = (body: unknown): BodyInit => (isRaw(body) ? body : JSON.stringify(body));

const typeOf = (body: unknown): Record<string, string> =>
  body === undefined ? {} : { "content-type": "application/json" };

/** A minimal valid task. */
export const task = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
  prompt: "Say yes.",
  rehearsal: [{ calls: [{ name: "final_answer", arguments: { text: "yes" } }] }],
  ...overrides,
});

export const ndjson = { "content-type": "application/x-ndjson" };

export const lines = (tasks: readonly unknown[]): string =>
  `${tasks.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n")}\n`;

export async function countTasks(): Promise<number> {
  const row = await env.DB.prepare("SELECT COUNT(*) AS n FROM tasks").first<{ n: number }>();
  return row?.n ?? 0;
}

export async function countBatches(): Promise<number> {
  const row = await env.DB.prepare("SELECT COUNT(*) AS n FROM batches").first<{ n: number }>();
  return row?.n ?? 0;
}

export interface ErrorBody {
  error: { code: string; message: string; details?: Detail[] };
}

/** Sends an invalid request and checks that nothing was accepted. */
export async function expectRejected(
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  change: Partial<ProducerEnv> = {},
): Promise<{ status: number; error: ErrorBody["error"]; headers: Headers }> {
  const fleet = testFleet(change);
  const before = [await countTasks(), await countBatches()];
  const response = await send(fleet, method, path, body, headers);
  const { error } = await response.json<ErrorBody>();
  expect([await countTasks(), await countBatches()]).toEqual(before);
  expect([...fleet.tasks.sent, ...fleet.low.sent]).toEqual([]);
  return { status: response.status, error, headers: response.headers };
}
