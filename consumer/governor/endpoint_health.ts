/**
 * What this isolate knows of its endpoints. While an endpoint answers, a call costs no request to its
 * governor: only faults are reported, and the state is read again every few seconds.
 */

import { breakerLimits } from "../../shared/limits.ts";
import type { ModelOutcome } from "../../shared/models/model.ts";
import { endpointErrorClass, type Failure, failure } from "../../shared/task/failures.ts";
import { type Breaker, closedBreaker, nextCallAt } from "./breaker.ts";
import {
  callGovernor,
  governorName,
  governorOf,
  isHosted,
  type PacingConfig,
  report,
} from "./stub.ts";

interface Health {
  breaker: Breaker;
  readAt: number;
  lastAnswerAt: number;
  /** When this isolate last admitted a task to a closed endpoint, as a probe. */
  admittedAt: number;
}

/** Tenants choose the names of hosted models, so the map is bounded; what it forgets is read again. */
const healthByEndpoint = new Map<string, Health>();

function healthOf(name: string): Health {
  const health = healthByEndpoint.get(name) ?? {
    breaker: closedBreaker,
    readAt: 0,
    lastAnswerAt: 0,
    admittedAt: 0,
  };
  if (!healthByEndpoint.has(name) && healthByEndpoint.size >= breakerLimits.endpointsKnownMax)
    healthByEndpoint.clear();
  healthByEndpoint.set(name, health);
  return health;
}

/** What an answer of the governor says of the endpoint. */
export function keepBreaker(config: PacingConfig, model: string, breaker: Breaker): void {
  const health = healthOf(governorName(config, model));
  health.readAt = Date.now();
  health.breaker = breaker;
}

/** Whether the endpoint was down when this isolate last read its state. */
export const isKnownDown = (config: PacingConfig, model: string): boolean =>
  healthOf(governorName(config, model)).breaker.since !== null;

/** The breaker of a model's endpoint, at most a few seconds old. */
async function readBreaker(config: PacingConfig, model: string): Promise<Health> {
  const health = healthOf(governorName(config, model));
  if (Date.now() - health.readAt < breakerLimits.refreshMs) return health;
  health.readAt = Date.now();
  health.breaker = await callGovernor(async () => governorOf(config, model).breaker());
  return health;
}

/**
 * How long a new task of this model should wait before it is claimed; 0: not at all. The task that probed last
 * comes back for the next probe; the others wait longer the longer the outage lasts, because the probe that
 * succeeds sends hints.
 */
export async function admissionWaitMs(
  config: PacingConfig & { patienceMs: number },
  model: string,
): Promise<number> {
  if (model === "rehearsal") return 0;
  const health = await readBreaker(config, model);
  const now = Date.now();
  const until = nextCallAt(health.breaker, now);
  const { since } = health.breaker;
  if (since === null) return Math.max(0, until - now);
  const probeAt = Math.max(until, health.admittedAt + breakerLimits.probeEveryMs);
  if (probeAt > now) return Math.max(probeAt - now, crowdWaitMs(now - since, config.patienceMs));
  health.admittedAt = now;
  return 0;
}

/** Half of the outage so far, with jitter, but not past the end of its patience. */
function crowdWaitMs(outageMs: number, patienceMs: number): number {
  const waitMs = Math.min(breakerLimits.crowdWaitMsMax, outageMs / 2) * (0.5 + Math.random() / 2);
  return Math.min(waitMs, Math.max(0, patienceMs - outageMs) + breakerLimits.probeEveryMs);
}

/** The right to call an endpoint, or why the task must wait, or end after `patienceMs` of outage. */
export async function checkEndpoint(
  config: PacingConfig & { patienceMs: number },
  model: string,
  waitingSince: number,
): Promise<Failure | null> {
  if (model === "rehearsal") return null;
  const health = await readBreaker(config, model);
  if (health.breaker.since === null) return null;
  const { passage, breaker } = await callGovernor(async () => governorOf(config, model).pass());
  health.breaker = breaker;
  if (passage.open || breaker.since === null) return null;
  const name = endpointLabel(config, model);
  const outage = outageText(name, breaker.since, breaker.message);
  if (isOverPatience(config, breaker.since, waitingSince)) return failure("model_gone", outage);
  return failure("model_unavailable", outage, {
    retryAfterMs: Math.max(0, passage.until - Date.now()),
  });
}

const outageText = (endpoint: string, since: number, message: string): string =>
  `${endpoint} has not answered since ${new Date(since).toISOString()}: ${message}`;

/** A task waits as long as MODEL_PATIENCE says, from the start of the outage or its own. */
const isOverPatience = (
  { patienceMs }: { patienceMs: number },
  since: number,
  waitingSince: number,
): boolean => Math.max(since, waitingSince) + patienceMs <= Date.now();

/** The label for people: the model of Workers AI, or the address of the endpoint. */
export const endpointLabel = (config: PacingConfig, model: string): string =>
  isHosted(config, model)
    ? `Workers AI's ${model}`
    : `The endpoint ${config.env.MODEL_BASE_URL ?? ""}`;

/**
 * Reports what a call says of its endpoint. Answers the outcome, whose failure then says when to come back.
 * `onRecovery` is called when an outage ends with this call. Never rejects.
 */
export async function reportToBreaker(
  config: PacingConfig & { patienceMs: number },
  { model, waitingSince }: { model: string; waitingSince: number },
  outcome: ModelOutcome,
  onRecovery: () => Promise<void>,
): Promise<ModelOutcome> {
  const health = healthOf(governorName(config, model));
  const callFailure = outcome.ok ? null : outcome.failure;
  if (callFailure === null || !isEndpointFault(callFailure)) {
    health.lastAnswerAt = Date.now();
    if (health.breaker.since !== null || health.breaker.faults > 0)
      await recover(config, model, health, onRecovery);
    return outcome;
  }
  const { lastAnswerAt } = health;
  const { message, retryAfterMs = null } = callFailure;
  await report("fault", model, async () => {
    health.breaker = await governorOf(config, model).recordFault({
      message,
      retryAfterMs,
      lastAnswerAt,
    });
  });
  const now = Date.now();
  const { since } = health.breaker;
  const isDown = since !== null;
  if (isDown && isOverPatience(config, since, waitingSince)) {
    const text = outageText(endpointLabel(config, model), since, message);
    return { ok: false, failure: failure("model_gone", text) };
  }
  const waitMs = isDown
    ? Math.max(0, health.breaker.closedUntil - now)
    : breakerLimits.loneFaultWaitMs;
  const isLone = !isDown && now - lastAnswerAt < breakerLimits.loneWindowMs;
  return {
    ok: false,
    failure: {
      ...callFailure,
      class: "give_back",
      retryAfterMs: Math.max(waitMs, retryAfterMs ?? 0),
      isLone,
    },
  };
}

/** The endpoint failed, not the task: it may be down, starting, or answer 408. */
export const isEndpointFault = (failure: Failure): boolean =>
  failure.code === "model_unavailable" ||
  endpointErrorClass(failure) === "loading" ||
  (failure.code === "model_deadline" && isRequestTimeout(failure));

/** HTTP 408, or the codes of Workers AI for it. A timeout of our own is the task's failure. */
const isRequestTimeout = ({ status, endpointCode }: Failure): boolean =>
  status === 408 || endpointCode === 3007 || endpointCode === 3046;

async function recover(
  config: PacingConfig,
  model: string,
  health: Health,
  onRecovery: () => Promise<void>,
): Promise<void> {
  const wasDown = health.breaker.since !== null;
  await report("answer", model, async () => {
    health.breaker = await governorOf(config, model).recordAnswer();
  });
  if (wasDown) await onRecovery();
}

/** Since when the endpoint of a model takes no calls; 0 when it does. */
export function closedSince(config: PacingConfig, model: string): number {
  const { breaker } = healthOf(governorName(config, model));
  if (nextCallAt(breaker, Date.now()) <= Date.now()) return 0;
  return breaker.since ?? 0;
}

/** The hosted models that take no call now, with the start of their outage. */
export function closedHostedModels(config: PacingConfig): Record<string, number> {
  const closedEndpoints = [...healthByEndpoint.keys()].flatMap((name) => {
    const since = isHosted(config, name) ? closedSince(config, name) : 0;
    return since === 0 ? [] : [[name, since] as const];
  });
  return Object.fromEntries(closedEndpoints);
}

/** An outage, for people. Times are ms since 1970 UTC. */
export interface Outage {
  endpoint: string;
  since: number;
  nextTryAt: number;
  message: string;
}

/** Null while the endpoint answers, and where its governor does not reply in time. */
export async function readOutage(config: PacingConfig, model: string): Promise<Outage | null> {
  if (model === "rehearsal") return null;
  let breaker = closedBreaker;
  await report("read outage", model, async () => {
    breaker = await governorOf(config, model).breaker();
  });
  const { since, message } = breaker;
  if (since === null) return null;
  const nextTryAt = nextCallAt(breaker, Date.now());
  return { endpoint: endpointLabel(config, model), since, nextTryAt, message };
}
