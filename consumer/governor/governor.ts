/**
 * The governor: one Durable Object per model id for the whole account, so that every consumer
 * invocation shares one rate. State is in memory and stored lazily: losing it costs one early call.
 */
import { DurableObject } from "cloudflare:workers";
import { freshPace, type Grant, type Heard, learn, type Pace, reserve } from "./pace.ts";

export type Permit = { granted: true; at: number } | { granted: false; until: number };

export class Governor extends DurableObject {
  #pace: Pace | null = null;

  /** Reserves the next call to this model. Times are milliseconds since 1970 by this object's clock. */
  async permit(requestsPerMinute: number): Promise<Permit> {
    const grant: Grant = reserve(await this.#read(), requestsPerMinute, Date.now());
    this.#pace = grant.pace;
    return grant.granted ? { granted: true, at: grant.at } : { granted: false, until: grant.until };
  }

  /** When a new task may be claimed: now, or at a time of its own when the model takes calls again. Reserves nothing. */
  async admit(requestsPerMinute: number): Promise<Permit> {
    const grant = reserve(await this.#read(), requestsPerMinute, Date.now());
    if (grant.granted) return { granted: true, at: grant.at };
    this.#pace = grant.pace;
    return { granted: false, until: grant.until };
  }

  /** Tells how a call ended. */
  async heard(heard: Heard): Promise<void> {
    const before = await this.#read();
    this.#pace = learn(before, heard, Date.now());
    if (this.#pace.closedUntil !== before.closedUntil) {
      await this.ctx.storage.put("pace", this.#pace);
    }
  }

  async #read(): Promise<Pace> {
    this.#pace ??= { ...freshPace, ...(await this.ctx.storage.get<Pace>("pace")) };
    return this.#pace;
  }
}
