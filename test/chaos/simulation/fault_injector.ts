/** Decides which binding calls of one operation (a delivery, a request, a sweep) fail, and how. */
import type { Random } from "../random.ts";

export const boundaries = ["d1", "r2", "queue", "loader", "upstream"] as const;
export type Boundary = (typeof boundaries)[number];

/**
 * before, after: one call fails; with `after` it was applied and only its reply is lost.
 * outage: this call and all later ones fail. killed: the worker dies. stalled: it hangs until it is released.
 */
export const faultKinds = [
  "before",
  "after",
  "outage",
  "killed_before",
  "killed_after",
  "stalled",
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface FiredFault {
  boundary: Boundary;
  kind: FaultKind;
  call: string;
  /** The fault changed what the product did: it repeated the call, or the operation failed. */
  mattered: boolean;
}

/** The product does not retry this message, because it means an invalid statement. */
const killedMessage = "SQLITE_ERROR: the worker is dead";
const lostMessage = "Network connection lost.";

/** Which calls of an operation fail, and how. */
export interface FaultPlan {
  kind: FaultKind | "none";
  /** The failing call, counted from 1. */
  at: number;
  /** For `before` and `after`: the probability that a later call fails too. */
  rate: number;
}

export class FaultInjector {
  readonly fired: FiredFault[] = [];
  /** Writes that a seeded bug delays to the end of the operation; a worker that dies never does them. */
  readonly late: (() => Promise<unknown>)[] = [];
  readonly #plan: FaultPlan;
  readonly #random: Random;
  #calls = 0;
  #killed = false;
  #down = false;
  #stall: { released: Promise<void>; release: () => void } | null = null;

  constructor(random: Random, plan: FaultPlan) {
    this.#random = random;
    this.#plan = plan;
  }

  get killed(): boolean {
    return this.#killed;
  }

  get stalled(): boolean {
    return this.#stall !== null;
  }

  release(): void {
    this.#stall?.release();
    this.#stall = null;
  }

  async pass<T>(boundary: Boundary, call: string, run: () => Promise<T>): Promise<T> {
    const kind = this.#next(boundary, call);
    if (kind === "stalled") await this.#hang();
    if (kind === "before" || kind === "outage") throw new Error(lostMessage);
    if (kind === "killed_before") throw new Error(killedMessage);
    const answer = await run();
    if (kind === "after") throw new Error(lostMessage);
    if (kind === "killed_after") throw new Error(killedMessage);
    return answer;
  }

  /** For synchronous calls, which fail before or not at all. */
  passSync<T>(boundary: Boundary, call: string, run: () => T): T {
    const kind = this.#next(boundary, call);
    if (kind === null) return run();
    throw new Error(kind.startsWith("killed") ? killedMessage : lostMessage);
  }

  /** Called after the operation: if it failed, all its faults mattered. */
  finish(well: boolean): void {
    if (well) return;
    for (const fault of this.fired) fault.mattered = true;
  }

  #next(boundary: Boundary, call: string): FaultKind | null {
    for (const fault of this.fired) {
      const repeated = fault.boundary === boundary && fault.call === call;
      // A failed send is not repeated; its task is marked for the sweep.
      const leftToSweep = fault.boundary === "queue" && call.includes("sent_at = NULL");
      if (repeated || leftToSweep) fault.mattered = true;
    }
    if (this.#killed) return "killed_before";
    this.#calls += 1;
    const planned = this.#down ? "outage" : this.#planned(boundary);
    if (planned === null) return null;
    // The Loader is synchronous: it fails before, and cannot hang.
    const isSync = boundary === "loader" && (planned === "after" || planned === "stalled");
    const kind = isSync ? "before" : planned;
    this.#killed = kind === "killed_before" || kind === "killed_after";
    if (kind === "outage" && this.#down) return kind;
    this.#down = kind === "outage";
    // A hanging worker loses its task; a failing sandbox is a failed attempt.
    const always = kind === "stalled" || boundary === "loader";
    this.fired.push({ boundary, kind, call, mattered: this.#killed || always });
    return kind;
  }

  #planned(boundary: Boundary): FaultKind | null {
    const { kind, at, rate } = this.#plan;
    if (kind === "none") return null;
    if (this.#calls === at || (boundary === "loader" && this.#random.chance(0.2))) return kind;
    const isRepeat = this.#calls > at && (kind === "before" || kind === "after");
    return isRepeat && this.#random.chance(rate) ? this.#random.pick(["before", "after"]) : null;
  }

  async #hang(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stall = { released: promise, release: resolve };
    await promise;
  }
}

/** A random plan. Producers never hang, because their clients would wait. */
export function drawFaults(random: Random, worker: "consumer" | "producer"): FaultInjector {
  const draw = random.next();
  const kind =
    draw < 0.35
      ? "none"
      : random.pick(
          worker === "consumer"
            ? ([...faultKinds, "stalled", "stalled"] as const)
            : faultKinds.slice(0, 5),
        );
  return new FaultInjector(random, {
    kind,
    at: 1 + random.int(random.pick([4, 8, 16, 32])),
    rate: 0.15,
  });
}

export const noFaults = (random: Random): FaultInjector =>
  new FaultInjector(random, { kind: "none", at: 0, rate: 0 });
