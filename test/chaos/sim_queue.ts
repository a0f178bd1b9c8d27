/** The queue of a run: it only holds messages; the run decides what is delivered, when and how often. */
import type { TaskMessage } from "../../shared/message.ts";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";
import type { Saboteur } from "./saboteur.ts";

export interface Held {
  body: TaskMessage;
  queue: "tasks" | "tasks-low" | "tasks-dlq";
  /** Simulated milliseconds. */
  readyAt: number;
  sentAt: number;
  attempts: number;
}

/** After so many deliveries a message goes to the dead letter queue; production has 100, locally it is 10. */
export const retriesMax = 2;

export class SimQueue {
  messages: Held[] = [];
  /** Every body that was ever sent, for the search for secrets. */
  readonly sent: string[] = [];
  lost = 0;
  duplicated = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  /** How likely a message is lost, or comes twice, as it is sent. */
  trouble = 0.12;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  push(body: TaskMessage, delaySeconds: number, queue: Held["queue"], attempts = 1): void {
    this.sent.push(JSON.stringify(body));
    const now = this.#clock.now();
    const held = { body, queue, readyAt: now + delaySeconds * 1000, sentAt: now, attempts };
    if (this.#random.chance(this.trouble)) {
      this.lost += 1;
      return;
    }
    this.messages.push(held);
    if (!this.#random.chance(this.trouble)) return;
    this.duplicated += 1;
    this.messages.push({ ...held });
  }

  /** Back after a delivery that was not acknowledged. */
  again(held: Held, delaySeconds: number): void {
    const readyAt = this.#clock.now() + delaySeconds * 1000;
    const spent = held.attempts >= retriesMax;
    if (spent && held.queue === "tasks-dlq") return;
    this.messages.push({
      ...held,
      readyAt,
      queue: spent ? "tasks-dlq" : held.queue,
      attempts: spent ? 1 : held.attempts + 1,
    });
  }

  /** Takes up to `count` messages that are due, at random: a queue promises no order. */
  take(count: number, random: Random): Held[] {
    const now = this.#clock.now();
    const taken: Held[] = [];
    for (let n = 0; n < count; n++) {
      const due = this.messages.filter((message) => message.readyAt <= now);
      if (due.length === 0) break;
      const chosen = random.pick(due);
      this.messages.splice(this.messages.indexOf(chosen), 1);
      taken.push(chosen);
    }
    return taken;
  }

  /** The binding, as one operation sees it. */
  binding(name: "tasks" | "tasks-low", saboteur: Saboteur): Queue<TaskMessage> {
    const metrics = async () => ({ backlogCount: this.messages.length, backlogBytes: 0 });
    const sendBatch = (messages: Iterable<MessageSendRequest<TaskMessage>>) =>
      saboteur.pass("queue", "send", async () => {
        for (const { body, delaySeconds } of messages) this.push(body, delaySeconds ?? 0, name);
        return { metadata: { metrics: await metrics() } };
      });
    return {
      metrics: () => saboteur.pass("queue", "metrics", metrics),
      send: (body, options) => sendBatch([{ body, delaySeconds: options?.delaySeconds ?? 0 }]),
      sendBatch,
    } as Queue<TaskMessage>;
  }
}
