/** A whole run: trouble first, then calm until everything is settled, then the evidence. */
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { SeededBug } from "./bindings.ts";
import { clear } from "./clearing.ts";
import { shortenPauses } from "./clock.ts";
import {
  type Asked,
  type AskedBatch,
  type Evidence,
  gather,
  type History,
  wipe,
} from "./evidence.ts";
import { violationsOf } from "./invariants.ts";
import type { Random } from "./random.ts";
import type { Fired } from "./saboteur.ts";
import { shapeNames, type Work, workOf } from "./workload.ts";
import { type Counts, World } from "./world.ts";

export interface Outcome {
  violations: string[];
  evidence: Evidence;
  fired: readonly Fired[];
  counts: Counts & {
    duplicates: number;
    lost: number;
    tasks: number;
    overtaken: number;
    busiest: number;
    /** Objects that nothing pointed at when all was settled, and rows that retention removed. */
    orphans: number;
    removed: number;
    posts: number;
  };
}

export interface RunOptions {
  seed: number;
  tasks: number;
  bug?: SeededBug;
  /** Only these shapes; all of them when left out. */
  shapes?: readonly string[];
  /** One shape after the other, and not as the seed draws them. */
  inTurn?: boolean;
  /** False leaves out the days after the drain. */
  clears?: boolean;
}

const troubledRounds = 6;
const drainRoundsMax = 40;

/** What happens before the calm: trouble of the seed's, unless a test brings its own. */
export type Trouble = (world: World, plan: Plan) => Promise<void>;

export async function simulate(options: RunOptions, trouble: Trouble = troubled): Promise<Outcome> {
  await wipe();
  const logs: string[] = [];
  for (const name of ["log", "error", "warn"] as const) {
    vi.spyOn(console, name).mockImplementation(
      (...said) => void logs.push(said.map(String).join(" ")),
    );
  }
  shortenPauses();
  const world = new World(options.seed, options.bug ?? {});
  vi.stubGlobal("fetch", world.upstream.fetch);
  vi.spyOn(Math, "random").mockImplementation(() => world.random.next());
  try {
    const plan = planned(world.random.fork("workload"), options);
    await trouble(world, plan);
    await overtake(world);
    await world.calmDown();
    const drained = await drain(world);
    const history: History = {
      seed: options.seed,
      asked: plan.asked,
      batches: plan.batches,
      deliveries: world.deliveries,
      auditor: world.auditor,
      upstream: world.upstream.seen,
      sent: world.queue.sent,
      logs,
      answers: world.answers,
      canaries: world.canaries,
      drained,
      now: world.clock.now(),
    };
    const evidence = await gather(history);
    const violations = await violationsOf(evidence);
    const written = world.auditor.violations.length;
    const cleared =
      options.clears === false
        ? { violations: [], orphans: 0, removed: 0 }
        : await clear(world, history, evidence);
    violations.push(...cleared.violations);
    for (const text of world.auditor.violations.slice(written)) violations.push(`cleared: ${text}`);
    return {
      violations,
      evidence,
      fired: [...world.fired, ...world.upstream.fired],
      counts: {
        ...world.counts,
        duplicates: world.queue.duplicated,
        lost: world.queue.lost,
        tasks: evidence.rows.length,
        overtaken: logs.filter((line) => line.includes('"fence_lost"')).length,
        busiest: Math.max(0, ...world.deliveries.values()),
        orphans: cleared.orphans,
        removed: cleared.removed,
        posts: world.upstream.seen.filter(({ method }) => method === "POST").length,
      },
    };
  } finally {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  }
}

export interface Plan {
  asked: Asked[];
  batches: AskedBatch[];
}

function planned(random: Random, { tasks, shapes = shapeNames, inTurn }: RunOptions): Plan {
  const works = Array.from({ length: tasks }, (_, n) =>
    workOf(
      `w${n}`,
      inTurn ? (shapes[n % shapes.length] ?? "plain") : random.pick(shapes),
      random.fork(`work ${n}`),
    ),
  );
  const inBatch = random.chance(0.6) ? Math.floor(tasks / 4) : 0;
  const lines = works.slice(0, inBatch);
  for (const work of lines) delete work.task.idempotency_key;
  const asked = works.slice(inBatch).map(
    (work): Asked => ({
      work,
      tenant: "default",
      ids: new Set(),
      accepted: false,
      cancelled: false,
      expires: random.chance(0.08),
      redrives: 0,
      restarts: 0,
      retries: work.task.on_uncertain === "retry",
    }),
  );
  const batches = lines.length === 0 ? [] : [{ id: null, works: lines, cancelled: false }];
  return { asked, batches };
}

/** Submissions, deliveries, sweeps, cancels and redrives in an order that the seed chooses. */
async function troubled(world: World, plan: Plan): Promise<void> {
  const { random } = world;
  const toSubmit = [...plan.asked];
  for (const batch of plan.batches) await submitBatch(world, batch);
  for (let round = 0; round < troubledRounds || toSubmit.length > 0; round++) {
    const some = toSubmit.splice(0, 1 + random.int(4));
    await Promise.all(some.map((one) => submit(world, one)));
    const deliveries = Array.from({ length: 1 + random.int(3) }, () =>
      world.deliver(1 + random.int(4)),
    );
    await Promise.all(deliveries);
    if (random.chance(0.3)) await cancelOne(world, plan);
    if (random.chance(0.5))
      await Promise.all([world.sweep(), ...(random.chance(0.3) ? [world.sweep()] : [])]);
    if (random.chance(0.3)) await redriveOne(world, plan);
    world.clock.advance(random.pick([500, 2_000, 21_000, 65_000, 65_000, 400_000, 1_000_000]));
    await world.deliver(1 + random.int(3));
    if (random.chance(0.6)) await overtake(world);
    if (random.chance(0.4)) await world.letGo();
  }
}

/** Whoever still hangs loses its lease to another worker before it goes on. */
async function overtake(world: World): Promise<void> {
  if (world.hanging === 0) return;
  world.clock.advance(70_000);
  await world.sweep();
  await world.deliver(10);
}

/** One task, sent again while no answer came and its key makes that safe; sometimes many times at once. */
export async function submit(world: World, one: Asked): Promise<void> {
  const { random } = world;
  const body = JSON.stringify(bodyOf(world, one));
  const { keyed } = one.work;
  const copies = keyed && random.chance(0.5) ? 2 + random.int(4) : 1;
  for (let tries = 0; tries < (keyed ? 4 : 1) && !one.accepted; tries++) {
    const sent = Array.from({ length: copies }, () => world.request("POST", "/v1/tasks", body));
    for (const answer of await Promise.all(sent)) {
      if (answer === null || answer.status >= 300) continue;
      one.accepted = true;
      one.ids.add(String(answer.json.id));
    }
  }
}

function bodyOf(world: World, { work, expires }: Asked): Work["task"] {
  if (!expires) return work.task;
  const at = world.clock.now() + 600_000 + world.random.int(600_000);
  return { ...work.task, expires_at: new Date(at).toISOString() };
}

export async function submitBatch(world: World, batch: AskedBatch): Promise<void> {
  const body = batch.works.map(({ task }) => `${JSON.stringify(task)}\n`).join("");
  const type = "application/x-ndjson";
  const answer = await world.request("POST", "/v1/batches", body, { type });
  if (answer !== null && answer.status < 300) batch.id = String(answer.json.id);
}

async function cancelOne(world: World, { asked, batches }: Plan): Promise<void> {
  const [batch] = batches;
  if (batch?.id != null && world.random.chance(0.2)) {
    batch.cancelled = true;
    await world.request("POST", `/v1/batches/${batch.id}/cancel`);
    return;
  }
  const accepted = asked.filter((one) => one.accepted);
  if (accepted.length === 0) return;
  const one = world.random.pick(accepted);
  one.cancelled = true;
  await world.request("POST", `/v1/tasks/${[...one.ids][0]}/cancel`);
}

/** A task that ended otherwise than well goes through again; two clients may ask for it at once. */
export async function redriveOne(world: World, { asked }: Plan): Promise<void> {
  const { results } = await env.DB.prepare(
    "SELECT id FROM tasks WHERE status IN ('failed', 'dead', 'cancelled', 'expired')",
  ).all<{ id: string }>();
  const settled = new Set(results.map(({ id }) => id));
  const one = asked.find(({ ids }) => [...ids].some((id) => settled.has(id)));
  if (one === undefined) return;
  const order = orderOf(world.random);
  one.redrives += 1;
  if (order.mode === "restart") one.restarts += 1;
  if (order.overrides !== undefined) one.retries = true;
  const path = `/v1/tasks/${[...one.ids][0]}/redrive`;
  const body = JSON.stringify(order);
  const ask = () => world.request("POST", path, body, { redrives: true });
  await Promise.all(world.random.chance(0.3) ? [ask(), ask()] : [ask()]);
}

/** From the start, or on from the journal; the latter also past an effect whose outcome nobody knows. */
function orderOf(random: Random): { mode: "restart" | "resume"; overrides?: object } {
  if (random.chance(0.4)) return { mode: "restart" };
  return random.chance(0.5)
    ? { mode: "resume" }
    : { mode: "resume", overrides: { on_uncertain: "retry" } };
}

/** Delivers and sweeps, with nothing failing, until nothing is live. False: it did not end. */
async function drain(world: World): Promise<boolean> {
  for (let round = 0; round < drainRoundsMax; round++) {
    await world.sweep();
    while ((await world.deliver(10)) > 0);
    if ((await live()) === 0) return true;
    world.clock.advance(round % 3 === 0 ? 1_000_000 : 70_000);
  }
  return false;
}

async function live(): Promise<number> {
  const row = await env.DB.prepare(
    `SELECT (SELECT COUNT(*) FROM tasks WHERE sweep_at IS NOT NULL)
       + (SELECT COUNT(*) FROM batches WHERE sweep_at IS NOT NULL) AS n`,
  ).first<{ n: number }>();
  return row?.n ?? 0;
}
