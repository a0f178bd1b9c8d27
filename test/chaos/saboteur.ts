/** Decides, for one operation (a delivery, a request, a sweep), which of its calls to a binding fail and how. */
import type { Random } from "./random.ts";

export const boundaries = ["d1", "r2", "queue", "loader", "upstream"] as const;
export type Boundary = (typeof boundaries)[number];

/**
 * before, after: one call fails although the next would work; `after` was applied and its answer is lost.
 * outage: every call fails from here on. killed: the worker ends here. stalled: it hangs until it is let go.
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

export interface Fired {
  boundary: Boundary;
  kind: FaultKind;
  call: string;
  /** The product did something else because of it: repeated the call, or ended otherwise. */
  mattered: boolean;
}

/** No repetition mends this: the product takes it for its own broken statement and stops retrying. */
const killedMessage = "SQLITE_ERROR: the worker is dead";
const lostMessage = "Network connection lost.";

/** Which of an operation's calls fail, and how. */
export interface Strike {
  kind: FaultKind | "none";
  /** The call at which it strikes, counted from 1. */
  at: number;
  /** For `before` and `after`: how likely each later call fails too. */
  rate: number;
}

export class Saboteur {
  readonly fired: Fired[] = [];
  /** What a seeded bug puts off to the end of the operation; a worker that dies before never does it. */
  readonly late: (() => Promise<unknown>)[] = [];
  readonly #plan: Strike;
  readonly #random: Random;
  #calls = 0;
  #killed = false;
  #down = false;
  #stall: { released: Promise<void>; release: () => void } | null = null;

  constructor(random: Random, plan: Strike) {
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

  /** For calls that answer at once: they fail before, or not at all. */
  passNow<T>(boundary: Boundary, call: string, run: () => T): T {
    const kind = this.#next(boundary, call);
    if (kind === null) return run();
    throw new Error(kind.startsWith("killed") ? killedMessage : lostMessage);
  }

  /** After the operation: what did not end well had faults that mattered. */
  ended(well: boolean): void {
    if (well) return;
    for (const fault of this.fired) fault.mattered = true;
  }

  #next(boundary: Boundary, call: string): FaultKind | null {
    for (const fault of this.fired) {
      const repeated = fault.boundary === boundary && fault.call === call;
      // A send that failed is not repeated: its task is marked for the sweep.
      const leftToSweep = fault.boundary === "queue" && call.includes("sent_at = NULL");
      if (repeated || leftToSweep) fault.mattered = true;
    }
    if (this.#killed) return "killed_before";
    this.#calls += 1;
    const planned = this.#down ? "outage" : this.#planned(boundary);
    if (planned === null) return null;
    // The Loader answers at once: it fails before, and cannot hang.
    const atOnce = boundary === "loader" && (planned === "after" || planned === "stalled");
    const kind = atOnce ? "before" : planned;
    this.#killed = kind === "killed_before" || kind === "killed_after";
    if (kind === "outage" && this.#down) return kind;
    this.#down = kind === "outage";
    // A worker that hangs is overtaken; a sandbox that fails is a try that failed.
    const always = kind === "stalled" || boundary === "loader";
    this.fired.push({ boundary, kind, call, mattered: this.#killed || always });
    return kind;
  }

  #planned(boundary: Boundary): FaultKind | null {
    const { kind, at, rate } = this.#plan;
    if (kind === "none") return null;
    if (this.#calls === at || (boundary === "loader" && this.#random.chance(0.2))) return kind;
    const again = this.#calls > at && (kind === "before" || kind === "after");
    return again && this.#random.chance(rate) ? this.#random.pick(["before", "after"]) : null;
  }

  async #hang(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stall = { released: promise, release: resolve };
    await promise;
  }
}

/** A plan drawn from the operation's own stream. Producers are not stalled: their clients would wait. */
export function sabotage(random: Random, who: "consumer" | "producer"): Saboteur {
  const drawn = random.next();
  const kind =
    drawn < 0.35
      ? "none"
      : random.pick(
          who === "consumer"
            ? ([...faultKinds, "stalled", "stalled"] as const)
            : faultKinds.slice(0, 5),
        );
  return new Saboteur(random, {
    kind,
    at: 1 + random.int(random.pick([4, 8, 16, 32])),
    rate: 0.15,
  });
}

export const calm = (random: Random): Saboteur =>
  new Saboteur(random, { kind: "none", at: 0, rate: 0 });
