/**
 * The governor: one Durable Object for each model id of the account, or for each endpoint, so that all
 * consumer invocations share one rate. limiter.ts makes the decisions. The pace and the slots are stored
 * with every change, and an output gate holds each reply back until they are, so an eviction grants no call
 * twice. The waitlist is only in memory.
 */
import { DurableObject } from "cloudflare:workers";
import {
  type Breaker,
  closedBreaker,
  type Fault,
  type Passage,
  pass,
  recordAnswer,
  recordFault,
} from "./breaker.ts";
import type { LimiterAnswer, LimiterState, Permit, PermitRequest } from "./limiter.ts";
import * as limiter from "./limiter.ts";
import { initialPace, type Observation, type Pace } from "./pace.ts";
import { emptySlots, type Slots } from "./slots.ts";
import { type GovernorSnapshot, snapshot } from "./snapshot.ts";

/** The stored value `book`. Its names are older than those in the code. */
interface Stored {
  pace: Pace;
  places: Slots;
}

export class Governor extends DurableObject {
  #state: LimiterState = limiter.emptyState();
  #isLoaded = false;
  #breaker: Breaker | undefined;

  /** Decides whether a task may be claimed now. Takes a slot; reserves no call. */
  admit(request: PermitRequest): Promise<Permit> {
    return this.#decide((state, now) => limiter.admit(state, request, now));
  }

  /** Reserves the next call. Times are milliseconds since 1970 by this object's clock. */
  grant(request: PermitRequest): Promise<Permit> {
    return this.#decide((state, now) => limiter.grant(state, request, now));
  }

  /** Decides whether a call that was reserved ahead may still be made. */
  confirm(request: PermitRequest & { at: number }): Promise<Permit> {
    return this.#decide((state, now) => limiter.confirm(state, request, now));
  }

  /** Records the outcome of a call. */
  async record(task: string, observation: Observation): Promise<void> {
    await this.#load();
    await this.#save(limiter.record(this.#state, task, observation, Date.now()));
  }

  /** Frees the slot of a task that is no longer in progress. */
  async release(task: string): Promise<void> {
    await this.#load();
    await this.#save(limiter.release(this.#state, task, Date.now()));
  }

  /** Passes the slot of one task on to another. */
  async move(from: string, to: string): Promise<void> {
    await this.#load();
    await this.#save(limiter.move(this.#state, from, to));
  }

  /** The state of the endpoint's breaker. Changes nothing. */
  async breaker(): Promise<Breaker> {
    this.#breaker ??= (await this.ctx.storage.get<Breaker>("breaker")) ?? closedBreaker;
    return this.#breaker;
  }

  /** Whether a call may be made; during an outage the permission is a probe. */
  async pass(): Promise<{ passage: Passage; breaker: Breaker }> {
    const decision = pass(await this.breaker(), Date.now());
    await this.#saveBreaker(decision.breaker);
    return decision;
  }

  async recordFault(fault: Fault): Promise<Breaker> {
    return this.#saveBreaker(recordFault(await this.breaker(), fault, Date.now()));
  }

  async recordAnswer(): Promise<Breaker> {
    return this.#saveBreaker(recordAnswer(await this.breaker()));
  }

  async #saveBreaker(breaker: Breaker): Promise<Breaker> {
    if (breaker === this.#breaker) return breaker;
    this.#breaker = breaker;
    await this.ctx.storage.put("breaker", breaker);
    return breaker;
  }

  /** Reads the snapshot. Changes nothing. */
  async snapshot(requestsPerMinute: number): Promise<GovernorSnapshot> {
    await this.#load();
    return snapshot(this.#state, requestsPerMinute, Date.now());
  }

  async #decide(decision: (state: LimiterState, now: number) => LimiterAnswer): Promise<Permit> {
    await this.#load();
    const { permit, state } = decision(this.#state, Date.now());
    await this.#save(state);
    return permit;
  }

  /** Callers must change the state without awaiting anything else, so that concurrent calls see it. */
  async #load(): Promise<void> {
    if (this.#isLoaded) return;
    const stored = await this.ctx.storage.get<Stored>("book");
    if (this.#isLoaded) return;
    // State that an older version stored may lack newer fields of the pace.
    const pace = { ...initialPace, ...stored?.pace };
    this.#state = { ...limiter.emptyState(), pace, slots: stored?.places ?? emptySlots };
    this.#isLoaded = true;
  }

  async #save(state: LimiterState): Promise<void> {
    const before = this.#state;
    this.#state = state;
    if (before.pace === state.pace && before.slots === state.slots) return;
    const record: Stored = { pace: state.pace, places: state.slots };
    await this.ctx.storage.put("book", record);
  }
}
