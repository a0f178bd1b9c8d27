/**
 * The governor: one Durable Object per model id for the whole account, or per endpoint, so that every
 * consumer invocation shares one rate. What it answers is in grant.ts. The rate, the back-off, the breaker
 * and the places are stored with every change, and an output gate holds each answer back until they are,
 * so an eviction grants no call twice. The line of those that wait is in memory: losing it costs their order.
 */
import { DurableObject } from "cloudflare:workers";
import {
  admit,
  confirm,
  emptyState,
  grant,
  type LimiterAnswer,
  type LimiterState,
  type Permit,
  type PermitRequest,
  record,
  release,
} from "./limiter.ts";
import { freshPace, type Observation } from "./pace.ts";
import { type GovernorSnapshot, snapshot } from "./snapshot.ts";

type Stored = Pick<LimiterState, "pace" | "places">;

export class Governor extends DurableObject {
  #book: LimiterState = emptyState();
  #loaded = false;

  /** Whether a task may be claimed now: now, or at a time of its own. Takes a place; reserves no call. */
  admit(ask: PermitRequest): Promise<Permit> {
    return this.#answer((book, now) => admit(book, ask, now));
  }

  /** Reserves the next call. Times are milliseconds since 1970 by this object's clock. */
  permit(ask: PermitRequest): Promise<Permit> {
    return this.#answer((book, now) => grant(book, ask, now));
  }

  /** Whether a slot that was reserved ahead still stands. */
  confirm(ask: PermitRequest & { at: number }): Promise<Permit> {
    return this.#answer((book, now) => confirm(book, ask, now));
  }

  /** Tells how a call ended. */
  async heard(task: string, heard: Observation): Promise<void> {
    await this.#load();
    await this.#keep(record(this.#book, task, heard, Date.now()));
  }

  /** Tells that a task is no longer in progress. */
  async leave(task: string): Promise<void> {
    await this.#load();
    await this.#keep(release(this.#book, task, Date.now()));
  }

  /** What people may see of it, and nothing else than a look: no place, no slot, no rank changes. */
  async look(requestsPerMinute: number): Promise<GovernorSnapshot> {
    await this.#load();
    return snapshot(this.#book, requestsPerMinute, Date.now());
  }

  async #answer(decide: (book: LimiterState, now: number) => LimiterAnswer): Promise<Permit> {
    await this.#load();
    const { permit, book } = decide(this.#book, Date.now());
    await this.#keep(book);
    return permit;
  }

  /** Nothing waits between this and the change that follows it: two calls at once see each other's. */
  async #load(): Promise<void> {
    if (this.#loaded) return;
    const stored = await this.ctx.storage.get<Stored>("book");
    if (this.#loaded) return;
    // What an older version stored lacks what a newer one counts.
    const pace = { ...freshPace, ...stored?.pace };
    this.#book = { ...emptyState(), ...stored, pace };
    this.#loaded = true;
  }

  async #keep(book: LimiterState): Promise<void> {
    const before = this.#book;
    this.#book = book;
    if (before.pace === book.pace && before.places === book.places) return;
    const stored: Stored = { pace: book.pace, places: book.places };
    await this.ctx.storage.put("book", stored);
  }
}
