/**
 * What a governor does with a request, over any storage: limiter.ts and breaker.ts decide, and what must
 * survive an eviction is stored before the answer leaves (stored_state.ts).
 */
import {
  type Breaker,
  closedBreaker,
  type Fault,
  isSameOutage,
  type Passage,
  pass,
  recordAnswer,
  recordFault,
} from "./breaker.ts";
import type {
  AdmissionRequest,
  LimiterAnswer,
  LimiterState,
  Permit,
  PermitRequest,
  Report,
} from "./limiter.ts";
import * as limiter from "./limiter.ts";
import { type GovernorSnapshot, snapshot } from "./snapshot.ts";
import { restoreState, rowToStore, type StoredState } from "./stored_state.ts";

/** Each answer contains the state of the endpoint's breaker, so that it is not read with requests of its own. */
export interface GovernorAnswer {
  /** Null during an outage, unless the request is a probe. */
  permit: Permit | null;
  breaker: Breaker;
}

/** `isProbe`: the breaker permitted this call. */
export type GovernorRequest<T> = T & { isProbe?: boolean; slot?: string };

/** The storage of a Durable Object, as far as the governor uses it. */
export interface GovernorStorage {
  get(keys: string[]): Promise<Map<string, unknown>>;
  put(key: string, value: unknown): Promise<void>;
}

export class GovernorCore {
  readonly #storage: GovernorStorage;
  readonly #wait: (ms: number) => Promise<unknown>;
  #state: LimiterState = limiter.emptyState();
  #stored: StoredState | null = null;
  #isLoaded = false;
  #breaker: Breaker = closedBreaker;
  #storedBreaker: Breaker = closedBreaker;

  constructor(storage: GovernorStorage, wait: (ms: number) => Promise<unknown>) {
    this.#storage = storage;
    this.#wait = wait;
  }

  /** Whether a task may be claimed now. Answers when its first call may be made, if that was requested. */
  admit(
    request: GovernorRequest<AdmissionRequest>,
    reports: readonly Report[] = [],
  ): Promise<GovernorAnswer> {
    return this.#answer(request, reports, (state, now) => limiter.admit(state, request, now));
  }

  /** Answers when the next call may be made. Times are milliseconds since 1970 by this object's clock. */
  grant(
    request: GovernorRequest<PermitRequest>,
    reports: readonly Report[] = [],
  ): Promise<GovernorAnswer> {
    return this.#answer(request, reports, (state, now) => limiter.grant(state, request, now));
  }

  /** Applies reports that come without a request. */
  async receive(reports: readonly Report[]): Promise<void> {
    await this.#load();
    this.#apply(reports);
    await this.#save();
  }

  /** The state of the endpoint's breaker. Changes nothing. */
  async breaker(): Promise<Breaker> {
    await this.#load();
    return this.#breaker;
  }

  /** Whether a call may be made; during an outage the permission is a probe. */
  async pass(): Promise<{ passage: Passage; breaker: Breaker }> {
    await this.#load();
    const decision = pass(this.#breaker, Date.now());
    await this.#saveBreaker(decision.breaker);
    return decision;
  }

  async recordFault(fault: Fault): Promise<Breaker> {
    await this.#load();
    return this.#saveBreaker(recordFault(this.#breaker, fault, Date.now()));
  }

  async recordAnswer(): Promise<Breaker> {
    await this.#load();
    return this.#saveBreaker(recordAnswer(this.#breaker));
  }

  /** Changes nothing. */
  async snapshot(requestsPerMinute: number): Promise<GovernorSnapshot> {
    await this.#load();
    return snapshot(this.#state, requestsPerMinute, Date.now());
  }

  async #answer(
    request: GovernorRequest<PermitRequest>,
    reports: readonly Report[],
    decide: (state: LimiterState, now: number) => LimiterAnswer,
  ): Promise<GovernorAnswer> {
    await this.#load();
    this.#apply(reports);
    const isDown = this.#breaker.since !== null && request.isProbe !== true;
    const permit = isDown ? null : this.#decide(decide);
    await this.#save();
    const called = permit?.granted === true ? await this.#hold(request, permit) : permit;
    return { permit: called, breaker: this.#breaker };
  }

  /** Answers at the time of the call, so that a model that was closed in between is not called. */
  async #hold(
    request: GovernorRequest<PermitRequest>,
    permit: Permit & { granted: true },
  ): Promise<Permit> {
    const waitMs = permit.at - Date.now();
    if (waitMs <= 0) return permit;
    await this.#wait(waitMs);
    const confirmed = this.#decide((state, now) => limiter.confirm(state, request, permit, now));
    await this.#save();
    return confirmed;
  }

  #apply(reports: readonly Report[]): void {
    for (const report of reports) this.#state = limiter.receive(this.#state, report, Date.now());
  }

  #decide(decision: (state: LimiterState, now: number) => LimiterAnswer): Permit {
    const { permit, state } = decision(this.#state, Date.now());
    this.#state = state;
    return permit;
  }

  /** Callers must change the state without awaiting anything else, so that concurrent calls see it. */
  async #load(): Promise<void> {
    if (this.#isLoaded) return;
    const rows = await this.#storage.get(["book", "breaker"]);
    if (this.#isLoaded) return;
    const stored = (rows.get("book") ?? null) as StoredState | null;
    this.#state = restoreState(stored, Date.now());
    this.#stored = stored;
    this.#breaker = (rows.get("breaker") as Breaker | undefined) ?? closedBreaker;
    this.#storedBreaker = this.#breaker;
    this.#isLoaded = true;
  }

  /** The output gate holds the answer back until the row is stored. */
  async #save(): Promise<void> {
    const row = rowToStore(this.#state, this.#stored, Date.now());
    if (row === null) return;
    this.#stored = row;
    await this.#storage.put("book", row);
  }

  async #saveBreaker(breaker: Breaker): Promise<Breaker> {
    this.#breaker = breaker;
    if (isSameOutage(this.#storedBreaker, breaker)) return breaker;
    this.#storedBreaker = breaker;
    await this.#storage.put("breaker", breaker);
    return breaker;
  }
}
