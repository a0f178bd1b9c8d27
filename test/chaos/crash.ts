/**
 * Real crashes: a local fleet with its state on disk, killed with SIGKILL at named points and at random
 * moments, started again, and drained. What the model server and the order service saw is the truth.
 */
import crypto from "node:crypto";
import type { DevServer } from "../../producer/local/dev_server.ts";
import { apiOf, newState, startFleet } from "../fleet/local/fleet.ts";
import {
  attempts,
  deadOfKills,
  effectsHeld,
  isDead,
  judged,
  modelHeld,
  redriveAll,
  repeatsOf,
  secretsKept,
  stepsHeld,
  type TaskView,
} from "./crash_verdict.ts";
import { diskPoints, makeWalksDue, watchDisk } from "./disk.ts";
import { fakeModel, fakeOrders, type Watch } from "./fake_endpoint.ts";
import { killChildren, signalTree } from "./killing.ts";
import { Random } from "./random.ts";

export interface Crashed {
  kills: Record<string, number>;
  stops: number;
  tasks: number;
  ends: Record<string, number>;
  modelCalls: number;
  modelCallsRepeated: number;
  effects: number;
  /** Tasks that kills alone had made dead, and that a redrive finished. */
  redriven: number;
  violations: string[];
}

/** Where a kill may strike; "moment" is a random time after the last start, "starting" while the fleet starts again. */
export const points = [
  "moment",
  "starting",
  "model called",
  "model answered",
  "orders called",
  "orders answered",
  ...diskPoints,
];

/** A restart by the fleet's own watchdog would be a kill that nobody here counts, and a busy machine is slow. */
const hungMs = 120_000;
const drainMsMax = 180_000;
/** A named point that is never reached again is given up for a moment. */
const pointMsMax = 8_000;

export async function crash(
  seed: number,
  tasks: number,
  kills: number,
  say: (line: string) => void,
): Promise<Crashed> {
  const random = new Random(seed).fork("crash");
  const order = shuffled(points, random);
  const token = `canary-${crypto.randomUUID()}`;
  const state = newState();
  /** The kills so far, by name; a call belongs to the epoch of as many. */
  const struck: string[] = [];
  let strike: ((point: string) => void) | null = null;
  const watch: Watch = {
    epoch: () => struck.length,
    at: (point) => strike?.(point),
    delayMs: () => 50 + random.int(350),
  };
  const [model, orders] = await Promise.all([fakeModel(watch), fakeOrders(watch)]);
  const environment = {
    MODEL: "some-open-model",
    MODEL_BASE_URL: `${model.url}/v1`,
    MODEL_API_KEY: `canary-${crypto.randomUUID()}`,
    FLEET_HOSTS: `orders.example=${orders.url}`,
    SECRET_ORDERS_TOKEN: token,
  };
  let fleet: DevServer | null = await startFleet(state.dir, environment, { hungMs });
  const killed: Record<string, number> = {};
  const ids = new Map<string, string>();
  const works = worksOf(tasks, kills, order);
  const disk = watchDisk(state.dir, (told) => strike?.(told));
  let stops = 0;
  try {
    for (let n = 0; n < kills; n++) {
      // Each point in turn, in an order of the seed's, and then again.
      const wanted = order[n % order.length] ?? "moment";
      const reached = reach(random, wanted, (told) => {
        strike = told;
      });
      // New work for each kill, so that there is always something to interrupt; it may interrupt this, too.
      const submitting = submit(fleet, ids, works.slice(0, n + 1)).catch(() => undefined);
      const point = await reached;
      strike = null;
      if (random.chance(0.15)) {
        stops += 1;
        signalTree(fleet.pid, "SIGSTOP");
        await pause(500 + random.int(2_000));
        signalTree(fleet.pid, "SIGCONT");
      }
      signalTree(fleet.pid, "SIGKILL");
      await fleet.stop();
      // What the dead had sent is still in the sockets, and belongs to the time before. No pause tells when
      // it has arrived: on a busy machine a timer may come before it.
      await Promise.all([model.deserted(), orders.deserted()]);
      struck.push(point);
      await submitting;
      killed[point] = (killed[point] ?? 0) + 1;
      say(`kill ${n + 1} of ${kills}: ${point}`);
      if (point === "starting") {
        await killWhileStarting(random, state.dir, environment);
        // It may have come as far as to ask the model: that was a kill, too.
        await Promise.all([model.deserted(), orders.deserted()]);
        struck.push("while it started");
      }
      if (order[(n + 1) % order.length] === "walk taken") makeWalksDue(state.dir);
      fleet = await startFleet(state.dir, environment, { hungMs });
    }
    disk.stop();
    await submit(fleet, ids, works);
    const api = apiOf(fleet);
    const dead = (await drained(fleet, [...ids.values()])).filter(isDead);
    const violations = await deadOfKills(api, dead, struck.length);
    const uncertain = await redriveAll(api, dead);
    const views = await drained(fleet, [...ids.values()]);
    violations.push(
      ...judged(views, ids, uncertain),
      ...(await stepsHeld(api, views)),
      ...modelHeld(model, struck),
      ...effectsHeld(orders, token),
    );
    await fleet.stop();
    fleet = null;
    violations.push(...secretsKept(state.dir, [token, environment.MODEL_API_KEY]));
    const ends: Record<string, number> = {};
    for (const { status, reason } of views)
      ends[`${status} ${reason}`] = (ends[`${status} ${reason}`] ?? 0) + 1;
    return {
      kills: killed,
      stops,
      tasks: ids.size,
      ends,
      modelCalls: model.calls.length,
      modelCallsRepeated: repeatsOf(model).length,
      effects: orders.calls.filter(({ label }) => !label.startsWith("read ")).length,
      redriven: dead.length - uncertain.size,
      violations,
    };
  } finally {
    disk.stop();
    await fleet?.stop();
    await Promise.all([model.stop(), orders.stop()]);
    state.remove();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const left = [...list];
  return list.map(() => left.splice(random.int(left.length), 1)[0] as T);
}

/** A task by itself, or a batch of several whose lines are large enough for a chunk each. */
interface Work {
  key: string;
  labels: string[];
}

const batchLines = 3;

/** Tasks come evenly over the kills; every sixth time, and where a kill waits for one, with a batch. */
function worksOf(tasks: number, kills: number, order: readonly string[]): Work[][] {
  const works: Work[][] = [];
  let next = 0;
  for (let n = 0; n < kills; n++) {
    const until = Math.floor(((n + 1) * tasks) / kills);
    const labels = Array.from({ length: until - next }, (_, at) => `w${next + at}`);
    next = until;
    const inBatch = n % 6 === 1 || order[n % order.length] === "batch half expanded";
    const lines = Array.from({ length: batchLines }, (_, line) => `w${1_000 + n * 10 + line}`);
    works.push([
      ...labels.map((label) => ({ key: label, labels: [label] })),
      ...(inBatch ? [{ key: `b${n}`, labels: lines }] : []),
    ]);
  }
  return works;
}

const padding = "x".repeat(600_000);

/** Sends what is not answered yet, under its key: what was accepted before a kill is not made twice. */
async function submit(
  fleet: DevServer,
  ids: Map<string, string>,
  works: readonly Work[][],
): Promise<void> {
  for (const { key, labels } of works.flat()) {
    if (labels.every((label) => ids.has(label))) continue;
    const isBatch = labels.length > 1;
    const bodies = labels.map((label) => ({
      ...{ prompt: `Do ${label} now.`, policy: "demo", attempts },
      ...(isBatch ? { files: { "padding.txt": { text: padding } } } : {}),
    }));
    const response = await fetch(`${fleet.url}${isBatch ? "/v1/batches" : "/v1/tasks"}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${fleet.key}`,
        "content-type": isBatch ? "application/x-ndjson" : "application/json",
        "idempotency-key": key,
      },
      body: bodies.map((body) => JSON.stringify(body)).join("\n"),
    });
    if (!response.ok) throw new Error(`${key}: ${response.status} ${await response.text()}`);
    const { id } = (await response.json()) as { id: string };
    for (const [n, label] of labels.entries()) ids.set(label, isBatch ? lineId(id, n) : id);
  }
}

const lineId = (batch: string, line: number): string =>
  `task_${batch.slice("batch_".length)}-${String(line).padStart(6, "0")}`;

/** Starts the fleet and kills all that it started on the way: before, in or after the migrations. */
async function killWhileStarting(
  random: Random,
  dir: string,
  environment: Record<string, string>,
): Promise<void> {
  const starting = startFleet(dir, environment).then(
    (fleet) => fleet.stop(),
    () => undefined,
  );
  await pause(100 + random.int(3_500));
  killChildren();
  await starting;
}

/** Waits for the point that is wanted and answers which it was. */
async function reach(
  random: Random,
  wanted: string,
  watch: (told: (point: string) => void) => void,
): Promise<string> {
  if (wanted === "moment" || wanted === "starting") {
    await pause(random.int(2_500));
    return wanted;
  }
  const reached = new Promise<string>((resolve) => {
    watch((point) => {
      if (point === wanted) resolve(point);
    });
  });
  return Promise.race([reached, pause(pointMsMax).then(() => `moment, for ${wanted}`)]);
}

async function drained(fleet: DevServer, ids: readonly string[]): Promise<TaskView[]> {
  const api = apiOf(fleet);
  const deadline = Date.now() + drainMsMax;
  for (;;) {
    const views = await Promise.all(ids.map((id) => api.get<TaskView>(`/v1/tasks/${id}`)));
    const live = views.filter(({ status }) => status === "queued" || status === "running");
    if (live.length === 0 || Date.now() > deadline) return views;
    await pause(500);
  }
}
