/**
 * The environment of one run: the seed decides what is submitted, what is delivered in which order and how often,
 * and what fails. Both Workers are called as the platform calls them.
 */
import {
  createExecutionContext,
  createMessageBatch,
  getQueueResult,
  waitOnExecutionContext,
} from "cloudflare:test";
import consumer from "../../../consumer/index.ts";
import producer from "../../../producer/index.ts";
import { Auditor, type Writer } from "../checks/auditor.ts";
import { type Canaries, createCanaries } from "../checks/canaries.ts";
import { Random } from "../random.ts";
import { bindingsOf, type FleetEnv, type RunContext, type SeededBug } from "./bindings.ts";
import { Clock } from "./clock.ts";
import { FakeUpstream } from "./fake_upstream.ts";
import {
  drawFaults,
  FaultInjector,
  type FaultPlan,
  type FiredFault,
  noFaults,
} from "./fault_injector.ts";
import { type QueuedMessage, SimulatedQueue } from "./simulated_queue.ts";

/** The API key of the run; it must not leak either. */
const apiKey = "canary-api-key-5Tq/8+mZ";

export interface Counts {
  operations: number;
  deliveries: number;
  kills: number;
  sweeps: number;
  /** Deliveries of the dead letter queue, which `deliveries` includes. */
  dead_letters: number;
}

interface Operation {
  injector: FaultInjector;
  done: Promise<void>;
}

export class World {
  readonly random: Random;
  readonly clock: Clock;
  readonly queue: SimulatedQueue;
  readonly upstream: FakeUpstream;
  readonly auditor: Auditor;
  readonly canaries: Canaries;
  readonly fired: FiredFault[] = [];
  readonly responses: string[] = [];
  readonly deliveries = new Map<string, number>();
  readonly counts: Counts = { operations: 0, deliveries: 0, kills: 0, sweeps: 0, dead_letters: 0 };
  /** Operations that hang until they are released. */
  readonly #hanging = new Set<Operation>();
  /** Overrides the random fault of an operation; null keeps it. */
  faultFor: ((kind: Writer["kind"], operation: string) => FaultPlan | null) | null = null;
  readonly #bug: SeededBug;
  readonly #mode: "local" | "deployed";
  #calm = false;

  constructor(seed: number, bug: SeededBug) {
    this.random = new Random(seed).fork("world");
    this.clock = new Clock(this.random.pick([0, 0, 4_000, -4_000, -300_000]));
    this.queue = new SimulatedQueue(this.clock, this.random.fork("queue"));
    this.upstream = new FakeUpstream(this.random.fork("upstream"));
    this.upstream.copies = bug.requestCopies ?? 1;
    this.upstream.followsRedirects = bug.followsRedirects ?? false;
    this.auditor = new Auditor(this.clock);
    const { vars, values } = createCanaries(seed);
    this.canaries = { vars, values: [...values, apiKey] };
    this.#bug = bug;
    this.#mode = this.random.pick(["local", "deployed"]);
  }

  /** Releases hanging operations; no operation fails any more. */
  async disableFaults(): Promise<void> {
    this.#calm = true;
    this.queue.faultRate = 0;
    this.upstream.faultRate = 0;
    await this.releaseHanging();
  }

  /** Operations may fail again. */
  enableFaults(): void {
    this.#calm = false;
  }

  /** A client's request; null when no response came. */
  async request(
    method: string,
    path: string,
    body?: string,
    overrides: { type?: string; redrives?: boolean } = {},
  ): Promise<{ status: number; json: Record<string, unknown> } | null> {
    const { env, injector } = this.#start("producer", path, overrides.redrives ?? false);
    const request = new Request<unknown, IncomingRequestCfProperties>(`https://fleet${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        "content-type": overrides.type ?? "application/json",
      },
      ...(body === undefined ? {} : { body }),
    });
    const context = createExecutionContext();
    const response = await producer.fetch(request, env, context);
    const text = await response.text();
    await waitOnExecutionContext(context);
    this.#end(injector, response.status < 500);
    this.responses.push(text);
    if (injector.killed) return null;
    return { status: response.status, json: JSON.parse(text) as Record<string, unknown> };
  }

  async sweep(): Promise<void> {
    const { env, injector } = this.#start("producer", "sweep", false);
    this.counts.sweeps += 1;
    await producer.scheduled({} as ScheduledController, env);
    this.#end(injector, !injector.killed);
  }

  /** Delivers up to `count` due messages, one batch per queue; returns how many there were. */
  async deliver(count: number): Promise<number> {
    const takenMessages = this.queue.take(count, this.random);
    const queues = new Map<QueuedMessage["queue"], QueuedMessage[]>();
    for (const message of takenMessages)
      queues.set(message.queue, [...(queues.get(message.queue) ?? []), message]);
    for (const [name, messages] of queues) await this.#batch(name, messages);
    return takenMessages.length;
  }

  async #batch(name: QueuedMessage["queue"], messages: readonly QueuedMessage[]): Promise<void> {
    const { env, injector } = this.#start("consumer", name, false);
    this.counts.deliveries += messages.length;
    if (name === "tasks-dlq") this.counts.dead_letters += messages.length;
    for (const { body } of messages)
      this.deliveries.set(body.task_id, (this.deliveries.get(body.task_id) ?? 0) + 1);
    const operation: Operation = {
      injector,
      done: this.#consume(env, injector, name, messages).finally(() =>
        this.#hanging.delete(operation),
      ),
    };
    this.#hanging.add(operation);
    await this.#untilStalled(operation);
  }

  /** Returns when the batch has ended or hangs. */
  async #untilStalled(operation: Operation): Promise<void> {
    for (;;) {
      const isOver = await within(
        operation.done.then(() => true),
        2,
      );
      if (isOver || operation.injector.stalled || this.upstream.stalled) return;
    }
  }

  async #consume(
    env: FleetEnv,
    injector: FaultInjector,
    name: string,
    messages: readonly QueuedMessage[],
  ): Promise<void> {
    const batch = createMessageBatch(
      name,
      messages.map((message, n) => ({
        id: `message-${n}`,
        timestamp: new Date(message.sentAt),
        attempts: message.attempts,
        body: message.body,
      })),
    );
    const context = createExecutionContext();
    await consumer.queue(batch, env);
    const { retryMessages } = await getQueueResult(batch, context);
    if (!injector.killed) await Promise.all(injector.late.map((store) => store()));
    // A dead worker acknowledges nothing: all its messages come back.
    const lost = injector.killed && this.#bug.acksBeforeSettling !== true;
    const redelivered = lost ? messages.map((_, n) => `message-${n}`) : [];
    for (const { msgId } of injector.killed ? [] : retryMessages) redelivered.push(msgId);
    for (const id of redelivered) {
      const message = messages[Number(id.slice("message-".length))];
      if (message !== undefined) this.queue.returnMessage(message, 70);
    }
    this.#end(injector, redelivered.length === 0);
  }

  /** Continues all hanging operations, whose work others may have taken meanwhile. */
  async releaseHanging(): Promise<void> {
    const waiting = [...this.#hanging];
    const isOver = Promise.all(waiting.map(({ done }) => done)).then(() => true);
    // An operation may hang again at its next request.
    do {
      this.upstream.releaseHanging();
      for (const { injector } of waiting) injector.release();
    } while (!(await within(isOver, 20)));
  }

  get hangingCount(): number {
    return this.#hanging.size;
  }

  #start(
    kind: Writer["kind"],
    operation: string,
    redrives: boolean,
  ): { env: FleetEnv; injector: FaultInjector } {
    this.counts.operations += 1;
    const name = `${this.counts.operations} ${operation}`;
    const random = this.random.fork(name);
    const fault = this.faultFor?.(kind, operation) ?? null;
    const drawInjector = () => (this.#calm ? noFaults(random) : drawFaults(random, kind));
    const injector = fault === null ? drawInjector() : new FaultInjector(random, fault);
    const sweeps = operation === "sweep";
    const writer: Writer = { name, kind, redrives, sweeps, claims: new Map(), delayed: [] };
    const context: RunContext = {
      clock: this.clock,
      auditor: this.auditor,
      queue: this.queue,
      bug: this.#bug,
      vars: { ...this.canaries.vars, FLEET_API_KEY: apiKey, FLEET_MODE: this.#mode },
    };
    return { env: bindingsOf(context, injector, writer), injector };
  }

  #end(injector: FaultInjector, succeeded: boolean): void {
    injector.finish(succeeded && !injector.killed);
    this.fired.push(...injector.fired);
    if (injector.killed) this.counts.kills += 1;
    this.#bug.afterOperation?.(this.canaries.values);
  }
}

/** True if it ends within `ms`. Short timers run a hundred times faster in a run, so the time is scaled back. */
function within(promise: Promise<boolean>, ms: number): Promise<boolean> {
  return Promise.race([
    promise,
    new Promise<false>((resolve) => setTimeout(() => resolve(false), ms * 100)),
  ]);
}
