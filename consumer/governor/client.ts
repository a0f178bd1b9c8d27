/** The consumer's side of the governor: admission, permits, reported outcomes and snapshots. */

import { governorLimits } from "../../shared/limits.ts";
import type { ModelOutcome } from "../../shared/models/model.ts";
import { log } from "../../shared/platform/log.ts";
import { withTimeout } from "../../shared/platform/timeout.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { classOf, type Failure, failure } from "../../shared/task/failures.ts";
import type { ConsumerConfig } from "../config/config.ts";
import type { GovernorAnswer } from "./core.ts";
import {
  admissionWaitMs,
  checkEndpoint,
  isEndpointFault,
  isKnownDown,
  keepBreaker,
} from "./endpoint_health.ts";
import type { AdmissionRequest, Permit, PermitRequest, Report } from "./limiter.ts";
import { type Call, type GovernorLink, linkOf, linksOf } from "./link.ts";
import type { Observation } from "./pace.ts";
import type { GovernorSnapshot } from "./snapshot.ts";
import {
  callGovernor,
  governorName,
  governorNamed,
  governorOf,
  type PacingConfig,
  rateOf,
  report,
} from "./stub.ts";

/** `slot`: the name of the model's slot until the task is known; null for a model without a governor. */
export interface Admitted {
  slot: string | null;
  /** Whether this admission took the slot; else the message's own task had it. */
  isNew: boolean;
}

/** `isSurplus`: enough other messages wait, so this one is not needed. */
export interface NotAdmitted {
  waitMs: number;
  isSurplus: boolean;
}

const notBefore = (waitMs: number): Result<Admitted, NotAdmitted> =>
  err({ waitMs, isSurplus: false });

/**
 * Whether the model takes a task now; one without a governor takes every task. `isRefill`: the worker has just
 * ended a task.
 */
export async function admitTask(
  config: ConsumerConfig,
  { task, model, isRefill }: { task: string; model: string; isRefill: boolean },
): Promise<Result<Admitted, NotAdmitted>> {
  const requestsPerMinute = rateOf(config, model);
  const isGoverned = requestsPerMinute !== null;
  if (!isGoverned || isKnownDown(config, model)) {
    const waitMs = await admissionWaitMs(config, model);
    if (waitMs > 0) return notBefore(waitMs);
  }
  if (!isGoverned) return ok({ slot: null, isNew: false });
  const slot = crypto.randomUUID();
  const link = linkOf(config.env, governorName(config, model));
  const surplusMs = link.surplusMs(Date.now());
  if (surplusMs > 0 && !isRefill) return err({ waitMs: surplusMs, isSurplus: true });
  const reservesCall = link.reservesCalls(Date.now());
  const request = { task, slot, requestsPerMinute, reservesCall, isRefill };
  let permit = await askAdmission(config, model, request);
  if (permit === null) {
    const waitMs = await admissionWaitMs(config, model);
    if (waitMs > 0) return notBefore(waitMs);
    permit = await askAdmission(config, model, { ...request, isProbe: true });
  }
  if (permit === null) return notBefore(governorLimits.retryMsMin);
  if (!permit.granted) {
    const { until, isSurplus } = permit;
    if (isSurplus) link.keepSurplus(until, Date.now());
    return err({ waitMs: Math.max(0, until - Date.now()), isSurplus });
  }
  if (reservesCall) link.keepCall(slot, permit, Date.now());
  return ok({ slot, isNew: permit.isNew });
}

/** Null during an outage. */
function askAdmission(
  config: PacingConfig,
  model: string,
  request: AdmissionRequest & { isProbe?: boolean },
): Promise<Permit | null> {
  return ask(config, model, (reports) =>
    callGovernor<GovernorAnswer>(async () => governorOf(config, model).admit(request, reports)),
  );
}

/** Null during an outage. */
function askPermit(
  config: PacingConfig,
  model: string,
  request: PermitRequest & { isProbe?: boolean },
): Promise<Permit | null> {
  return ask(config, model, (reports) =>
    callGovernor<GovernorAnswer>(async () => governorOf(config, model).grant(request, reports)),
  );
}

async function ask(
  config: PacingConfig,
  model: string,
  call: (reports: readonly Report[]) => Promise<GovernorAnswer>,
): Promise<Permit | null> {
  const reports = linkOf(config.env, governorName(config, model)).takeReports();
  const { permit, breaker } = await call(reports);
  keepBreaker(config, model, breaker);
  return permit;
}

/** The right to make one call. */
export type CallPermit = Result<Call, Failure>;

const unlimitedCall: Call = { at: 0, isProbe: false };

/** Waits for the right to call, but not so long that it blocks an invocation: then the task is requeued. */
export async function waitForPermit(
  config: ConsumerConfig,
  { id: task, created_at }: { id: string; created_at: number },
  model: string,
): Promise<CallPermit> {
  const requestsPerMinute = rateOf(config, model);
  const isGoverned = requestsPerMinute !== null;
  let isProbe = false;
  if (!isGoverned || isKnownDown(config, model)) {
    const closed = await checkEndpoint(config, model, created_at);
    if (closed !== null) return err(closed);
    isProbe = true;
  }
  if (!isGoverned) return ok(unlimitedCall);
  const kept = linkOf(config.env, governorName(config, model)).takeCall(task, Date.now());
  if (kept !== null) return ok(kept);
  const requeueAt = Date.now() + governorLimits.aheadMsMax;
  for (;;) {
    const patienceMs = Math.max(0, requeueAt - Date.now());
    const permit = await askPermit(config, model, { task, requestsPerMinute, patienceMs, isProbe });
    if (permit === null) {
      const closed = await checkEndpoint(config, model, created_at);
      if (closed !== null) return err(closed);
      isProbe = true;
      continue;
    }
    if (permit.granted) return ok(permit);
    if (permit.until > requeueAt) return err(modelBusy(model, permit.until));
    await sleepUntil(permit.until);
  }
}

/** The delay is longer than an invocation waits for a permit, so that a requeued task never waits twice in one. */
function modelBusy(model: string, until: number): Failure {
  const retryAfterMs = Math.max(until - Date.now(), governorLimits.aheadMsMax + 1);
  return failure("model_busy", `The rate limit of ${model} has no free call.`, { retryAfterMs });
}

async function sleepUntil(time: number): Promise<void> {
  const ms = Math.max(0, time - Date.now());
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Reports the outcome of a permitted call: with the next request, but at once where other tasks wait for it
 * or the model may have to close. Never rejects.
 */
export async function reportOutcome(
  config: PacingConfig,
  { task, model, call }: { task: string; model: string; call: Call },
  outcome: ModelOutcome,
): Promise<void> {
  const observation = observationOf(outcome, call.at);
  if (observation === null || rateOf(config, model) === null) return;
  const link = linkOf(config.env, governorName(config, model));
  link.add({ kind: "outcome", task, observation });
  if (call.isProbe || observation.kind !== "answered") await sendReports(config, link);
}

/** The slot of an admission is now a task's. */
export function takeSlot(config: PacingConfig, model: string, slot: string, task: string): void {
  const link = linkOf(config.env, governorName(config, model));
  link.add({ kind: "taken", slot, task });
  link.renameCall(slot, task);
}

/** No worker runs the task now: the one that its message opens continues in its slot. */
export function pauseSlot(config: PacingConfig, model: string, slot: string, task: string): void {
  if (rateOf(config, model) === null) return;
  linkOf(config.env, governorName(config, model)).add({ kind: "paused", slot, task });
}

/** The message of a task does not come back, so the governor does not expect it. */
export function leaveWaitlist(config: PacingConfig, model: string, task: string): void {
  if (rateOf(config, model) === null) return;
  linkOf(config.env, governorName(config, model)).add({ kind: "left", task });
}

/** Frees the slots of a task that is no longer in progress, or of an admission, once per governor. */
export function releaseSlots(config: PacingConfig, task: string, models: readonly string[]): void {
  const paced = models.filter((model) => rateOf(config, model) !== null);
  for (const name of new Set(paced.map((model) => governorName(config, model)))) {
    const link = linkOf(config.env, name);
    link.forget(task);
    link.add({ kind: "released", task });
  }
}

/** Sends what no request has taken along. Never rejects: a slot whose release is lost expires. */
export async function sendAllReports(config: PacingConfig): Promise<void> {
  const waiting = [...linksOf(config.env).values()].filter(({ hasReports }) => hasReports);
  await Promise.all(waiting.map((link) => sendReports(config, link)));
}

async function sendReports({ env }: PacingConfig, link: GovernorLink): Promise<void> {
  const reports = link.takeReports();
  await report("receive", link.name, async () => governorNamed(env, link.name).receive(reports));
}

/** The snapshot of a model's governor; null where the governor does not reply in time. */
export async function readSnapshot(
  config: PacingConfig,
  model: string,
  requestsPerMinute: number,
): Promise<GovernorSnapshot | null> {
  try {
    return await withTimeout(
      "the governor",
      governorLimits.reportMsMax,
      (async () => governorOf(config, model).snapshot(requestsPerMinute))(),
    );
  } catch (error) {
    log("governor_snapshot_failed", { model, message: String(error) });
    return null;
  }
}

/** What an outcome says about the endpoint; null when it says nothing. */
function observationOf(outcome: ModelOutcome, at: number): Observation | null {
  if (outcome.ok) return { kind: "answered", at };
  // The breaker of the endpoint counts these.
  if (isEndpointFault(outcome.failure)) return null;
  switch (classOf(outcome.failure)) {
    case "give_back":
    case "wait":
      return { kind: "refused", at, retryAfterMs: outcome.failure.retryAfterMs ?? null };
    case "retry":
      return { kind: "faulted", at };
    case "shrink":
    case "fail":
      // It rejected this request, so it works, which is what a probe tests.
      return { kind: "answered", at };
    case "dead":
      return null;
  }
}
