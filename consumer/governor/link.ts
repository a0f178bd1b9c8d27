/**
 * What this isolate keeps for one governor between two requests: reports that the next request takes along,
 * and calls that were reserved with an admission and are not made yet. Losing it costs a few calls of the
 * rate, and slots until they expire; never a task.
 */
import { breakerLimits, governorLimits } from "../../shared/limits.ts";
import type { ConsumerEnv } from "../config/env.ts";
import type { Report } from "./limiter.ts";

/** A call that may be made now. `at`: its time by the governor's clock, reported with its outcome. */
export interface Call {
  at: number;
  isProbe: boolean;
}

export class GovernorLink {
  readonly name: string;
  #reports: Report[] = [];
  /** By the name of the slot. */
  readonly #calls = new Map<string, { call: Call; from: number }>();
  #lateUntil = 0;
  #surplus = { until: 0, forgetAt: 0 };

  constructor(name: string) {
    this.name = name;
  }

  get hasReports(): boolean {
    return this.#reports.length > 0;
  }

  add(report: Report): void {
    this.#reports.push(report);
  }

  takeReports(): Report[] {
    const reports = this.#reports;
    this.#reports = [];
    return reports;
  }

  /** Whether tasks make their first call soon enough after their admission for it to be reserved. */
  reservesCalls(now: number): boolean {
    return now >= this.#lateUntil;
  }

  /** The governor needs no further messages. `until`: when a task without a slot is worth asking for again. */
  keepSurplus(until: number, now: number): void {
    this.#surplus = { until, forgetAt: now + governorLimits.surplusMs };
  }

  /** How long a message that is not needed would wait; 0 where the governor may need it. */
  surplusMs(now: number): number {
    return this.#surplus.forgetAt > now ? Math.max(1, this.#surplus.until - now) : 0;
  }

  /** Remembers the call that was reserved with an admission. */
  keepCall(slot: string, call: Call, now: number): void {
    for (const [name, { from }] of this.#calls) {
      if (now - from <= governorLimits.callUseMsMax) break;
      this.#calls.delete(name);
    }
    this.#calls.set(slot, { call, from: now });
  }

  renameCall(slot: string, task: string): void {
    const kept = this.#calls.get(slot);
    if (kept === undefined) return;
    this.#calls.delete(slot);
    this.#calls.set(task, kept);
  }

  /** The call that was reserved for this task; null where there is none, or where its time is over. */
  takeCall(task: string, now: number): Call | null {
    const kept = this.#calls.get(task);
    if (kept === undefined) return null;
    this.#calls.delete(task);
    if (now - kept.from <= governorLimits.callUseMsMax) return kept.call;
    // What opens these tasks takes long. Calls that are reserved and not made would be lost to the rate.
    this.#lateUntil = now + governorLimits.lateCallMs;
    return null;
  }

  forget(task: string): void {
    this.#calls.delete(task);
  }
}

const links = new WeakMap<object, Map<string, GovernorLink>>();

/** The links of this isolate, by the name of the governor. Tenants choose names of models: they are bounded. */
export function linksOf({ GOVERNOR }: Pick<ConsumerEnv, "GOVERNOR">): Map<string, GovernorLink> {
  const known = links.get(GOVERNOR) ?? new Map<string, GovernorLink>();
  links.set(GOVERNOR, known);
  return known;
}

export function linkOf(env: Pick<ConsumerEnv, "GOVERNOR">, name: string): GovernorLink {
  const known = linksOf(env);
  const link = known.get(name) ?? new GovernorLink(name);
  if (!known.has(name) && known.size >= breakerLimits.endpointsKnownMax) known.clear();
  known.set(name, link);
  return link;
}
