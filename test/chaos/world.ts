/**
 * One run: a seed decides what is submitted, what is delivered, in which order, how often, and what fails.
 * Deliveries are the run's own; both Workers are called as the platform calls them.
 */
import {
  createExecutionContext,
  createMessageBatch,
  getQueueResult,
  waitOnExecutionContext,
} from "cloudflare:test";
import consumer from "../../consumer/index.ts";
import producer from "../../producer/index.ts";
import { Auditor, type Writer } from "./auditor.ts";
import { bindingsOf, type FleetEnv, type SeededBug, type Surroundings } from "./bindings.ts";
import { type Canaries, canariesOf } from "./canaries.ts";
import { Clock } from "./clock.ts";
import { Random } from "./random.ts";
import { calm, type Fired, Saboteur, type Strike, sabotage } from "./saboteur.ts";
import { type Held, SimQueue } from "./sim_queue.ts";
import { Upstream } from "./upstream.ts";

/** A key of the run's own; it is a secret like any other. */
const apiKey = "canary-api-key-5Tq/8+mZ";

export interface Counts {
  operations: number;
  deliveries: number;
  kills: number;
  sweeps: number;
  /** Deliveries of the dead letter queue, which are deliveries too. */
  dead_letters: number;
}

interface Operation {
  saboteur: Saboteur;
  done: Promise<void>;
}

export class World {
  readonly random: Random;
  readonly clock: Clock;
  readonly queue: SimQueue;
  readonly upstream: Upstream;
  readonly auditor: Auditor;
  readonly canaries: Canaries;
  readonly fired: Fired[] = [];
  readonly answers: string[] = [];
  readonly deliveries = new Map<string, number>();
  readonly counts: Counts = { operations: 0, deliveries: 0, kills: 0, sweeps: 0, dead_letters: 0 };
  /** Operations that hang until they are let go. */
  readonly #hanging = new Set<Operation>();
  /** Decides for each operation before the seed does; null leaves it to the seed, or to the calm. */
  strikes: ((kind: Writer["kind"], what: string) => Strike | null) | null = null;
  readonly #bug: SeededBug;
  readonly #mode: "local" | "deployed";
  #calm = false;

  constructor(seed: number, bug: SeededBug) {
    this.random = new Random(seed).fork("world");
    this.clock = new Clock(this.random.pick([0, 0, 4_000, -4_000, -300_000]));
    this.queue = new SimQueue(this.clock, this.random.fork("queue"));
    this.upstream = new Upstream(this.random.fork("upstream"));
    this.upstream.sends = bug.sends ?? 1;
    this.upstream.follows = bug.follows ?? false;
    this.auditor = new Auditor(this.clock);
    const { vars, values } = canariesOf(seed);
    this.canaries = { vars, values: [...values, apiKey] };
    this.#bug = bug;
    this.#mode = this.random.pick(["local", "deployed"]);
  }

  /** Faults end here: what hangs is let go and nothing fails any more. */
  async calmDown(): Promise<void> {
    this.#calm = true;
    this.queue.trouble = 0;
    this.upstream.trouble = 0;
    await this.letGo();
  }

  /** Faults begin again, for the sweep alone. */
  stirUp(): void {
    this.#calm = false;
  }

  /** A request as a client sends it; null when no answer came. */
  async request(
    method: string,
    path: string,
    body?: string,
    more: { type?: string; redrives?: boolean } = {},
  ): Promise<{ status: number; json: Record<string, unknown> } | null> {
    const { env, saboteur } = this.#begin("producer", path, more.redrives ?? false);
    const request = new Request<unknown, IncomingRequestCfProperties>(`https://fleet${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        "content-type": more.type ?? "application/json",
      },
      ...(body === undefined ? {} : { body }),
    });
    const context = createExecutionContext();
    const response = await producer.fetch(request, env, context);
    const text = await response.text();
    await waitOnExecutionContext(context);
    this.#end(saboteur, response.status < 500);
    this.answers.push(text);
    if (saboteur.killed) return null;
    return { status: response.status, json: JSON.parse(text) as Record<string, unknown> };
  }

  async sweep(): Promise<void> {
    const { env, saboteur } = this.#begin("producer", "sweep", false);
    this.counts.sweeps += 1;
    await producer.scheduled({} as ScheduledController, env);
    this.#end(saboteur, !saboteur.killed);
  }

  /** Delivers up to `count` due messages in one batch; answers how many there were. */
  async deliver(count: number): Promise<number> {
    const taken = this.queue.take(count, this.random);
    const queues = new Map<Held["queue"], Held[]>();
    for (const held of taken) queues.set(held.queue, [...(queues.get(held.queue) ?? []), held]);
    for (const [name, messages] of queues) await this.#batch(name, messages);
    return taken.length;
  }

  async #batch(name: Held["queue"], messages: readonly Held[]): Promise<void> {
    const { env, saboteur } = this.#begin("consumer", name, false);
    this.counts.deliveries += messages.length;
    if (name === "tasks-dlq") this.counts.dead_letters += messages.length;
    for (const { body } of messages)
      this.deliveries.set(body.task_id, (this.deliveries.get(body.task_id) ?? 0) + 1);
    const operation: Operation = {
      saboteur,
      done: this.#consume(env, saboteur, name, messages).finally(() =>
        this.#hanging.delete(operation),
      ),
    };
    this.#hanging.add(operation);
    await this.#untilStalled(operation);
  }

  /** A batch that hangs is left alone, and others are delivered meanwhile. */
  async #untilStalled(operation: Operation): Promise<void> {
    for (;;) {
      const over = await within(
        operation.done.then(() => true),
        2,
      );
      if (over || operation.saboteur.stalled || this.upstream.stalled) return;
    }
  }

  async #consume(
    env: FleetEnv,
    saboteur: Saboteur,
    name: string,
    messages: readonly Held[],
  ): Promise<void> {
    const batch = createMessageBatch(
      name,
      messages.map((held, n) => ({
        id: `message-${n}`,
        timestamp: new Date(held.sentAt),
        attempts: held.attempts,
        body: held.body,
      })),
    );
    const context = createExecutionContext();
    await consumer.queue(batch, env);
    const { retryMessages } = await getQueueResult(batch, context);
    if (!saboteur.killed) await Promise.all(saboteur.late.map((store) => store()));
    // What a dead worker decided is never heard: all its messages come back.
    const lost = saboteur.killed && this.#bug.acksFirst !== true;
    const back = lost ? messages.map((_, n) => `message-${n}`) : [];
    for (const { msgId } of saboteur.killed ? [] : retryMessages) back.push(msgId);
    for (const id of back) {
      const held = messages[Number(id.slice("message-".length))];
      if (held !== undefined) this.queue.again(held, 70);
    }
    this.#end(saboteur, back.length === 0);
  }

  /** Lets everything that hangs go on, long after others may have taken its work. */
  async letGo(): Promise<void> {
    const waiting = [...this.#hanging];
    const over = Promise.all(waiting.map(({ done }) => done)).then(() => true);
    // What goes on may hang again at its next request.
    do {
      this.upstream.letGo();
      for (const { saboteur } of waiting) saboteur.release();
    } while (!(await within(over, 20)));
  }

  get hanging(): number {
    return this.#hanging.size;
  }

  #begin(
    kind: Writer["kind"],
    what: string,
    redrives: boolean,
  ): { env: FleetEnv; saboteur: Saboteur } {
    this.counts.operations += 1;
    const name = `${this.counts.operations} ${what}`;
    const random = this.random.fork(name);
    const strike = this.strikes?.(kind, what) ?? null;
    const drawn = () => (this.#calm ? calm(random) : sabotage(random, kind));
    const saboteur = strike === null ? drawn() : new Saboteur(random, strike);
    const sweeps = what === "sweep";
    const writer: Writer = { name, kind, redrives, sweeps, claims: new Map(), late: [] };
    const on: Surroundings = {
      clock: this.clock,
      auditor: this.auditor,
      queue: this.queue,
      bug: this.#bug,
      vars: { ...this.canaries.vars, FLEET_API_KEY: apiKey, FLEET_MODE: this.#mode },
    };
    return { env: bindingsOf(on, saboteur, writer), saboteur };
  }

  #end(saboteur: Saboteur, well: boolean): void {
    saboteur.ended(well && !saboteur.killed);
    this.fired.push(...saboteur.fired);
    if (saboteur.killed) this.counts.kills += 1;
    this.#bug.afterwards?.(this.canaries.values);
  }
}

/** True if it ends within some milliseconds; pauses as short as this take a hundredth of their time. */
function within(promise: Promise<boolean>, ms: number): Promise<boolean> {
  return Promise.race([
    promise,
    new Promise<false>((resolve) => setTimeout(() => resolve(false), ms * 100)),
  ]);
}
