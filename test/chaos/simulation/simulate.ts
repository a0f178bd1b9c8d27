/** One run: a scenario with faults, then a drain without faults until everything is settled, then the checks. */
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { leaseLimits } from "../../../shared/limits.ts";
import { checkCleanup } from "../checks/cleanup.ts";
import {
  clearStores,
  type Evidence,
  gatherEvidence,
  type History,
  type Submission,
  type SubmittedBatch,
} from "../checks/evidence.ts";
import { findViolations } from "../checks/invariants.ts";
import type { Random } from "../random.ts";
import type { SeededBug } from "./bindings.ts";
import { shortenPauses } from "./clock.ts";
import type { FiredFault } from "./fault_injector.ts";
import { buildWork, shapeNames, type Work } from "./workload.ts";
import { type Counts, World } from "./world.ts";

/** Enough for the sweep to find the tasks of a dead worker. */
const pastLeaseMs = leaseLimits.leaseMs + leaseLimits.sweepAfterLeaseMs + 5_000;

export interface Outcome {
  violations: string[];
  evidence: Evidence;
  fired: readonly FiredFault[];
  counts: Counts & {
    duplicates: number;
    lost: number;
    tasks: number;
    fencesLost: number;
    deliveriesPerTaskMax: number;
    /** Orphaned objects after the drain, and rows that retention removed. */
    orphans: number;
    removed: number;
    posts: number;
  };
}

export interface RunOptions {
  seed: number;
  tasks: number;
  bug?: SeededBug;
  /** The shapes to use; all of them by default. */
  shapes?: readonly string[];
  /** One shape after the other, instead of a random choice. */
  isRoundRobin?: boolean;
  /** False skips the days after the drain. */
  checksCleanup?: boolean;
}

const scenarioRounds = 6;
const drainRoundsMax = 40;

/** What happens before the drain: random by default; a test may replace it. */
export type Scenario = (world: World, plan: RunPlan) => Promise<void>;

export async function simulate(
  options: RunOptions,
  scenario: Scenario = randomScenario,
): Promise<Outcome> {
  await clearStores();
  const logs: string[] = [];
  for (const name of ["log", "error", "warn"] as const) {
    vi.spyOn(console, name).mockImplementation(
      (...values) => void logs.push(values.map(String).join(" ")),
    );
  }
  shortenPauses();
  const world = new World(options.seed, options.bug ?? {});
  vi.stubGlobal("fetch", world.upstream.fetch);
  vi.spyOn(Math, "random").mockImplementation(() => world.random.next());
  try {
    const plan = planRun(world.random.fork("workload"), options);
    await scenario(world, plan);
    await expireHanging(world);
    await world.disableFaults();
    const history = historyOf(world, plan, logs, await drain(world));
    const evidence = await gatherEvidence(history);
    const violations = await findViolations(evidence);
    const violationsBefore = world.auditor.violations.length;
    const cleanup =
      options.checksCleanup === false
        ? { violations: [], orphans: 0, removed: 0 }
        : await checkCleanup(world, history, evidence);
    violations.push(...cleanup.violations);
    for (const text of world.auditor.violations.slice(violationsBefore))
      violations.push(`cleanup: ${text}`);
    return {
      violations,
      evidence,
      fired: [...world.fired, ...world.upstream.fired],
      counts: {
        ...world.counts,
        duplicates: world.queue.duplicated,
        lost: world.queue.lost,
        tasks: evidence.rows.length,
        fencesLost: logs.filter((line) => line.includes('"fence_lost"')).length,
        deliveriesPerTaskMax: Math.max(0, ...world.deliveries.values()),
        orphans: cleanup.orphans,
        removed: cleanup.removed,
        posts: world.upstream.requests.filter(({ method }) => method === "POST").length,
      },
    };
  } finally {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  }
}

const historyOf = (world: World, plan: RunPlan, logs: string[], drained: boolean): History => ({
  ...plan,
  deliveries: world.deliveries,
  auditor: world.auditor,
  upstream: world.upstream.requests,
  sentMessages: world.queue.sent,
  logs,
  responses: world.responses,
  canaries: world.canaries,
  drained,
  now: world.clock.now(),
});

export interface RunPlan {
  submissions: Submission[];
  batches: SubmittedBatch[];
}

function planRun(
  random: Random,
  { tasks, shapes = shapeNames, isRoundRobin: inTurn }: RunOptions,
): RunPlan {
  const works = Array.from({ length: tasks }, (_, n) =>
    buildWork(
      `w${n}`,
      inTurn ? (shapes[n % shapes.length] ?? "plain") : random.pick(shapes),
      random.fork(`work ${n}`),
    ),
  );
  const inBatch = random.chance(0.6) ? Math.floor(tasks / 4) : 0;
  const lines = works.slice(0, inBatch);
  for (const work of lines) delete work.task.idempotency_key;
  const submissions = works.slice(inBatch).map(
    (work): Submission => ({
      work,
      tenant: "default",
      ids: new Set(),
      accepted: false,
      cancelled: false,
      hasExpiry: random.chance(0.08),
      redrives: 0,
      restarts: 0,
      mayRetryEffects: work.task.on_uncertain === "retry",
    }),
  );
  const batches = lines.length === 0 ? [] : [{ id: null, works: lines, cancelled: false }];
  return { submissions, batches };
}

/** Submissions, deliveries, sweeps, cancels and redrives in random order. */
async function randomScenario(world: World, plan: RunPlan): Promise<void> {
  const { random } = world;
  const toSubmit = [...plan.submissions];
  for (const batch of plan.batches) await submitBatch(world, batch);
  for (let round = 0; round < scenarioRounds || toSubmit.length > 0; round++) {
    const group = toSubmit.splice(0, 1 + random.int(4));
    await Promise.all(group.map((submission) => submit(world, submission)));
    const deliveries = Array.from({ length: 1 + random.int(3) }, () =>
      world.deliver(1 + random.int(4)),
    );
    await Promise.all(deliveries);
    if (random.chance(0.3)) await cancelRandom(world, plan);
    if (random.chance(0.5))
      await Promise.all([world.sweep(), ...(random.chance(0.3) ? [world.sweep()] : [])]);
    if (random.chance(0.3)) await redriveOne(world, plan);
    world.clock.advance(
      random.pick([500, 2_000, 61_000, pastLeaseMs, pastLeaseMs, 400_000, 1_000_000]),
    );
    await world.deliver(1 + random.int(3));
    if (random.chance(0.6)) await expireHanging(world);
    if (random.chance(0.4)) await world.releaseHanging();
  }
}

/** The leases of hanging workers expire and other workers take their tasks. */
async function expireHanging(world: World): Promise<void> {
  if (world.hangingCount === 0) return;
  world.clock.advance(pastLeaseMs);
  await world.sweep();
  await world.deliver(10);
}

/** Submits submission task; with a key, repeatedly until a reply comes, and sometimes several times at once. */
export async function submit(world: World, submission: Submission): Promise<void> {
  const { random } = world;
  const body = JSON.stringify(bodyOf(world, submission));
  const { hasKey } = submission.work;
  const copies = hasKey && random.chance(0.5) ? 2 + random.int(4) : 1;
  for (let tries = 0; tries < (hasKey ? 4 : 1) && !submission.accepted; tries++) {
    const sent = Array.from({ length: copies }, () => world.request("POST", "/v1/tasks", body));
    for (const answer of await Promise.all(sent)) {
      if (answer === null || answer.status >= 300) continue;
      submission.accepted = true;
      submission.ids.add(String(answer.json.id));
    }
  }
}

function bodyOf(world: World, { work, hasExpiry: expires }: Submission): Work["task"] {
  if (!expires) return work.task;
  const time = world.clock.now() + 600_000 + world.random.int(600_000);
  return { ...work.task, expires_at: new Date(time).toISOString() };
}

export async function submitBatch(world: World, batch: SubmittedBatch): Promise<void> {
  const body = batch.works.map(({ task }) => `${JSON.stringify(task)}\n`).join("");
  const type = "application/x-ndjson";
  const answer = await world.request("POST", "/v1/batches", body, { type });
  if (answer !== null && answer.status < 300) batch.id = String(answer.json.id);
}

async function cancelRandom(world: World, { submissions, batches }: RunPlan): Promise<void> {
  const [batch] = batches;
  if (batch?.id != null && world.random.chance(0.2)) {
    batch.cancelled = true;
    await world.request("POST", `/v1/batches/${batch.id}/cancel`);
    return;
  }
  const accepted = submissions.filter((submission) => submission.accepted);
  if (accepted.length === 0) return;
  const submission = world.random.pick(accepted);
  submission.cancelled = true;
  await world.request("POST", `/v1/tasks/${[...submission.ids][0]}/cancel`);
}

/** Redrives a task that did not succeed; sometimes two clients do so at once. */
export async function redriveOne(world: World, { submissions }: RunPlan): Promise<void> {
  const { results } = await env.DB.prepare(
    "SELECT id FROM tasks WHERE status IN ('failed', 'dead', 'cancelled', 'expired')",
  ).all<{ id: string }>();
  const settled = new Set(results.map(({ id }) => id));
  const submission = submissions.find(({ ids }) => [...ids].some((id) => settled.has(id)));
  if (submission === undefined) return;
  const redriveBody = drawRedrive(world.random);
  submission.redrives += 1;
  if (redriveBody.mode === "restart") submission.restarts += 1;
  if (redriveBody.overrides !== undefined) submission.mayRetryEffects = true;
  const path = `/v1/tasks/${[...submission.ids][0]}/redrive`;
  const body = JSON.stringify(redriveBody);
  const redrive = () => world.request("POST", path, body, { redrives: true });
  await Promise.all(world.random.chance(0.3) ? [redrive(), redrive()] : [redrive()]);
}

/** A restart, or a resume, also after an effect with an unknown outcome. */
function drawRedrive(random: Random): { mode: "restart" | "resume"; overrides?: object } {
  if (random.chance(0.4)) return { mode: "restart" };
  return random.chance(0.5)
    ? { mode: "resume" }
    : { mode: "resume", overrides: { on_uncertain: "retry" } };
}

/** Delivers and sweeps without faults until no task is live. False: it did not end. */
async function drain(world: World): Promise<boolean> {
  for (let round = 0; round < drainRoundsMax; round++) {
    await world.sweep();
    while ((await world.deliver(10)) > 0);
    if ((await countLive()) === 0) return true;
    world.clock.advance(round % 3 === 0 ? 1_000_000 : pastLeaseMs);
  }
  return false;
}

async function countLive(): Promise<number> {
  const row = await env.DB.prepare(
    `SELECT (SELECT COUNT(*) FROM tasks WHERE sweep_at IS NOT NULL)
       + (SELECT COUNT(*) FROM batches WHERE sweep_at IS NOT NULL) AS n`,
  ).first<{ n: number }>();
  return row?.n ?? 0;
}
