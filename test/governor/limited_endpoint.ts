/** A model's endpoint with a limit of requests in any sixty seconds, in simulated time. */
import type { Random } from "../chaos/random.ts";
import type { SimulatedTime } from "./simulated_time.ts";

export interface Limits {
  limit: number;
  /** The share of permitted calls that end as 429 or 503 by chance. */
  failureShare: number;
}

export class LimitedEndpoint {
  /** The arrival times of the calls within the limit. */
  readonly permitted: number[] = [];
  /** Calls beyond the limit. */
  refused = 0;
  down = 0;
  readonly #limits: Limits;
  readonly #time: SimulatedTime;
  readonly #random: Random;

  constructor(limits: Limits, time: SimulatedTime, random: Random) {
    this.#limits = limits;
    this.#time = time;
    this.#random = random;
  }

  /** The status of one call at its end, after up to 150 ms of network and 2 to 8 s of work. */
  async call(): Promise<200 | 429 | 503> {
    await this.#time.sleep(this.#random.int(150));
    const { now } = this.#time;
    if (this.#inMinute(now) >= this.#limits.limit) {
      this.refused += 1;
      return 429;
    }
    this.permitted.push(now);
    if (this.#random.chance(this.#limits.failureShare)) {
      await this.#time.sleep(this.#random.int(300));
      if (this.#random.chance(0.5)) return 429;
      this.down += 1;
      return 503;
    }
    await this.#time.sleep(2_000 + this.#random.int(6_000));
    return 200;
  }

  /** The share of the limit that was used from the first call to the last. */
  get usedShare(): number {
    const minutes = ((this.permitted.at(-1) ?? 0) - (this.permitted[0] ?? 0)) / 60_000;
    return this.permitted.length / (this.#limits.limit * minutes);
  }

  get refusedShare(): number {
    return this.refused / (this.refused + this.permitted.length);
  }

  #inMinute(now: number): number {
    const before = this.permitted.findLastIndex((time) => time <= now - 60_000);
    return this.permitted.length - 1 - before;
  }
}
