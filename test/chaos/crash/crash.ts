/**
 * Real crashes: a local fleet with its state on disk is killed with SIGKILL at named points and at random moments,
 * started again and drained. The model server and the order service record what really happened.
 */
import crypto from "node:crypto";
import type { DevServer } from "../../../producer/local/dev_server.ts";
import { apiOf, newState, startFleet } from "../../fleet/local/fleet.ts";
import { Random } from "../random.ts";
import {
  checkDeadTasks,
  checkLogged,
  checkModelCalls,
  checkOrders,
  checkOutcomes,
  checkSteps,
  findLeakedSecrets,
  findRepeatedCalls,
  isDead,
  redriveAll,
  type TaskView,
} from "./crash_checks.ts";
import { diskPoints, makeCleanupsDue, watchDisk } from "./disk_watch.ts";
import {
  type CallObserver,
  type Endpoint,
  startFakeModel,
  startFakeOrders,
} from "./fake_endpoint.ts";
import { killDescendantsExcept, listDescendants, signalTree } from "./process_tree.ts";
import { planWork, submitWork, type Work } from "./work.ts";

export interface CrashReport {
  kills: Record<string, number>;
  stops: number;
  tasks: number;
  outcomes: Record<string, number>;
  modelCalls: number;
  modelCallsRepeated: number;
  effects: number;
  /** What the order service saw, reads included. */
  requests: number;
  /** Rows of the egress log whose request was in flight at a kill. */
  unknownOutcomes: number;
  /** Tasks that only kills had made dead, and that a redrive finished. */
  redriven: number;
  violations: string[];
}

/** `random moment`: some time after the last start. `starting`: while the fleet starts again. */
const killPoints = [
  "random moment",
  "starting",
  "model called",
  "model answered",
  "orders called",
  "orders answered",
  ...diskPoints,
];

/** The fleet's own watchdog must not restart it, because that kill would not be counted. */
const hungMs = 120_000;
const drainMsMax = 180_000;
/** When a named point is not reached in this time, the kill happens at that moment. */
const pointMsMax = 8_000;

/** Everything that survives the kills of one run. */
interface CrashRun {
  random: Random;
  state: ReturnType<typeof newState>;
  environment: Record<string, string>;
  model: Endpoint;
  orders: Endpoint;
  /** The kills so far, by point. The number of kills is the epoch of a call. */
  killedAt: string[];
  stops: number;
  /** Called at each named point. */
  onPoint: ((point: string) => void) | null;
  /** Task ids by label. */
  ids: Map<string, string>;
}

export async function runCrashes(
  seed: number,
  tasks: number,
  kills: number,
  log: (line: string) => void,
): Promise<CrashReport> {
  const run = await openRun(seed);
  const points = shuffle(killPoints, run.random);
  const works = planWork(tasks, kills, points);
  const disk = watchDisk(run.state.dir, (point) => run.onPoint?.(point));
  let fleet: DevServer | null = null;
  try {
    fleet = await startFleet(run.state.dir, run.environment, { hungMs });
    for (let n = 0; n < kills; n++) {
      // Each point in turn, in the order of the seed, then again.
      const crashPoint = points[n % points.length] ?? "random moment";
      const point = await killOnce(run, fleet, crashPoint, works.slice(0, n + 1));
      log(`kill ${n + 1} of ${kills}: ${point}`);
      if (point === "starting") await killWhileStarting(run);
      if (points[(n + 1) % points.length] === "cleanup taken") makeCleanupsDue(run.state.dir);
      fleet = await startFleet(run.state.dir, run.environment, { hungMs });
    }
    disk.stop();
    await submitWork(fleet, run.ids, works);
    const { views, redriven, unknownOutcomes, violations } = await drainAndCheck(run, fleet);
    await fleet.stop();
    fleet = null;
    const { SECRET_ORDERS_TOKEN: token = "", MODEL_API_KEY: key = "" } = run.environment;
    violations.push(...findLeakedSecrets(run.state.dir, [token, key]));
    return {
      kills: countBy(run.killedAt.filter((point) => point !== "while starting")),
      stops: run.stops,
      tasks: run.ids.size,
      outcomes: countBy(views.map(({ status, reason }) => `${status} ${reason}`)),
      modelCalls: run.model.calls.length,
      modelCallsRepeated: findRepeatedCalls(run.model).length,
      effects: run.orders.calls.filter(({ label }) => !label.startsWith("read ")).length,
      requests: run.orders.calls.length,
      unknownOutcomes,
      redriven,
      violations,
    };
  } finally {
    disk.stop();
    await fleet?.stop();
    await Promise.all([run.model.stop(), run.orders.stop()]);
    run.state.remove();
  }
}

async function openRun(seed: number): Promise<CrashRun> {
  const random = new Random(seed).fork("crash");
  const killedAt: string[] = [];
  const observer: CallObserver = {
    epoch: () => killedAt.length,
    onPoint: (point) => run.onPoint?.(point),
    delayMs: () => 50 + random.int(350),
  };
  const [model, orders] = await Promise.all([startFakeModel(observer), startFakeOrders(observer)]);
  const environment = {
    MODEL: "some-open-model",
    MODEL_BASE_URL: `${model.url}/v1`,
    MODEL_API_KEY: `canary-${crypto.randomUUID()}`,
    FLEET_HOSTS: `orders.example=${orders.url}`,
    SECRET_ORDERS_TOKEN: `canary-${crypto.randomUUID()}`,
  };
  const state = newState();
  const run: CrashRun = {
    ...{ random, state, environment, model, orders, killedAt },
    ...{ stops: 0, onPoint: null, ids: new Map() },
  };
  return run;
}

/** Submits new work and kills the fleet at the wanted point; returns the point that was reached. */
async function killOnce(
  run: CrashRun,
  fleet: DevServer,
  crashPoint: string,
  works: readonly Work[][],
): Promise<string> {
  const { random } = run;
  const reached = waitForPoint(run, crashPoint);
  // The kill may interrupt the submission too.
  const submitting = submitWork(fleet, run.ids, works).catch(() => undefined);
  const point = await reached;
  run.onPoint = null;
  if (random.chance(0.15)) {
    run.stops += 1;
    signalTree(fleet.pid, "SIGSTOP");
    await pause(500 + random.int(2_000));
    signalTree(fleet.pid, "SIGCONT");
  }
  signalTree(fleet.pid, "SIGKILL");
  await fleet.stop();
  await countKill(run, point);
  await submitting;
  return point;
}

/** Calls that were sent before the kill belong to the old epoch, so the sockets must be empty first. */
async function countKill({ model, orders, killedAt }: CrashRun, point: string): Promise<void> {
  await Promise.all([model.waitUntilDisconnected(), orders.waitUntilDisconnected()]);
  killedAt.push(point);
}

/** Starts the fleet and kills everything that it started: before, in or after the migrations. */
async function killWhileStarting(run: CrashRun): Promise<void> {
  const others = listDescendants();
  const starting = startFleet(run.state.dir, run.environment).then(
    (fleet) => fleet.stop(),
    () => undefined,
  );
  await pause(100 + run.random.int(3_500));
  killDescendantsExcept(others);
  await starting;
  // The fleet may have called the model already.
  await countKill(run, "while starting");
}

async function drainAndCheck(run: CrashRun, fleet: DevServer) {
  const { model, orders, killedAt, environment } = run;
  const api = apiOf(fleet);
  const ids = [...run.ids.values()];
  const dead = (await waitUntilSettled(fleet, ids)).filter(isDead);
  const violations = await checkDeadTasks(api, dead, killedAt.length);
  const uncertain = await redriveAll(api, dead);
  const views = await waitUntilSettled(fleet, ids);
  const logged = await checkLogged(api, orders, run.ids);
  violations.push(
    ...logged.violations,
    ...checkOutcomes(views, run.ids, uncertain),
    ...(await checkSteps(api, views)),
    ...checkModelCalls(model, killedAt),
    ...checkOrders(orders, environment.SECRET_ORDERS_TOKEN ?? ""),
  );
  const redriven = dead.length - uncertain.size;
  return { views, redriven, unknownOutcomes: logged.unknown, violations };
}

/** Returns the point that was reached: `wanted`, or another moment after `pointMsMax`. */
async function waitForPoint(run: CrashRun, crashPoint: string): Promise<string> {
  if (crashPoint === "random moment" || crashPoint === "starting") {
    await pause(run.random.int(2_500));
    return crashPoint;
  }
  const whenReached = new Promise<string>((resolve) => {
    run.onPoint = (point) => {
      if (point === crashPoint) resolve(point);
    };
  });
  return Promise.race([
    whenReached,
    pause(pointMsMax).then(() => `random moment, not ${crashPoint}`),
  ]);
}

async function waitUntilSettled(fleet: DevServer, ids: readonly string[]): Promise<TaskView[]> {
  const api = apiOf(fleet);
  const deadline = Date.now() + drainMsMax;
  for (;;) {
    const views = await Promise.all(ids.map((id) => api.get<TaskView>(`/v1/tasks/${id}`)));
    const live = views.filter(({ status }) => status === "queued" || status === "running");
    if (live.length === 0 || Date.now() > deadline) return views;
    await pause(500);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function shuffle<T>(list: readonly T[], random: Random): T[] {
  const remaining = [...list];
  return list.map(() => remaining.splice(random.int(remaining.length), 1)[0] as T);
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
