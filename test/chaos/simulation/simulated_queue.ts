/** The queue of a run. It only stores messages; the run decides what is delivered, when and how often. */
import type { TaskMessage } from "../../../shared/platform/message.ts";
import type { Random } from "../random.ts";
import type { Clock } from "./clock.ts";
import type { FaultInjector } from "./fault_injector.ts";

export interface QueuedMessage {
  body: TaskMessage;
  queue: "tasks" | "tasks-low" | "tasks-dlq";
  /** Simulated milliseconds. */
  readyAt: number;
  sentAt: number;
  attempts: number;
}

/** After this many deliveries a message moves to the dead letter queue. Production has 100, a local run 10. */
export const retriesMax = 2;

export class SimulatedQueue {
  messages: QueuedMessage[] = [];
  /** Every sent body, for the search for secrets. */
  readonly sent: string[] = [];
  lost = 0;
  duplicated = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  /** The probability that a sent message is lost, and that it is duplicated. */
  faultRate = 0.12;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  push(body: TaskMessage, delaySeconds: number, queue: QueuedMessage["queue"], attempts = 1): void {
    this.sent.push(JSON.stringify(body));
    const now = this.#clock.now();
    const message = { body, queue, readyAt: now + delaySeconds * 1000, sentAt: now, attempts };
    if (this.#random.chance(this.faultRate)) {
      this.lost += 1;
      return;
    }
    this.messages.push(message);
    if (!this.#random.chance(this.faultRate)) return;
    this.duplicated += 1;
    this.messages.push({ ...message });
  }

  /** Returns a message that was not acknowledged to the queue. */
  returnMessage(message: QueuedMessage, delaySeconds: number): void {
    const readyAt = this.#clock.now() + delaySeconds * 1000;
    const spent = message.attempts >= retriesMax;
    if (spent && message.queue === "tasks-dlq") return;
    this.messages.push({
      ...message,
      readyAt,
      queue: spent ? "tasks-dlq" : message.queue,
      attempts: spent ? 1 : message.attempts + 1,
    });
  }

  /** Takes up to `count` due messages in random order: a queue promises no order. */
  take(count: number, random: Random): QueuedMessage[] {
    const now = this.#clock.now();
    const messages: QueuedMessage[] = [];
    for (let n = 0; n < count; n++) {
      const due = this.messages.filter((message) => message.readyAt <= now);
      if (due.length === 0) break;
      const choice = random.pick(due);
      this.messages.splice(this.messages.indexOf(choice), 1);
      messages.push(choice);
    }
    return messages;
  }

  /** The queue binding of one operation. */
  binding(name: "tasks" | "tasks-low", injector: FaultInjector): Queue<TaskMessage> {
    const metrics = async () => ({ backlogCount: this.messages.length, backlogBytes: 0 });
    const sendBatch = (messages: Iterable<MessageSendRequest<TaskMessage>>) =>
      injector.pass("queue", "send", async () => {
        for (const { body, delaySeconds } of messages) this.push(body, delaySeconds ?? 0, name);
        return { metadata: { metrics: await metrics() } };
      });
    return {
      metrics: () => injector.pass("queue", "metrics", metrics),
      send: (body, options) => sendBatch([{ body, delaySeconds: options?.delaySeconds ?? 0 }]),
      sendBatch,
    } as Queue<TaskMessage>;
  }
}
