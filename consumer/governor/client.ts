/** The consumer's side of the governor: admission, permits, reported outcomes and snapshots. */

import { governorLimits } from "../../shared/limits.ts";
import type { ModelOutcome } from "../../shared/models/model.ts";
import { log } from "../../shared/platform/log.ts";
import { withTimeout } from "../../shared/platform/timeout.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { classOf, type Failure, failure } from "../../shared/task/failures.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { admissionWaitMs, checkEndpoint, isEndpointFault } from "./endpoint_health.ts";
import type { Governor } from "./governor.ts";
import type { Permit, PermitRequest } from "./limiter.ts";
import type { Observation } from "./pace.ts";
import type { GovernorSnapshot } from "./snapshot.ts";
import {
  callGovernor,
  governorName,
  governorOf,
  type PacingConfig,
  rateOf,
  report,
} from "./stub.ts";

/**
 * Whether the model takes the task now; one without a governor takes every task. `isNew`: this admission
 * gave the task its slot.
 */
export async function admitTask(
  config: ConsumerConfig,
  task: string,
  model: string,
): Promise<Result<{ isNew: boolean }, { waitMs: number }>> {
  const waitMs = await admissionWaitMs(config, model);
  if (waitMs > 0) return err({ waitMs });
  const requestsPerMinute = rateOf(config, model);
  if (requestsPerMinute === null) return ok({ isNew: false });
  const request = { task, requestsPerMinute };
  const permit = await callGovernor<Permit>(async () => governorOf(config, model).admit(request));
  return permit.granted
    ? ok({ isNew: permit.isNew })
    : err({ waitMs: Math.max(0, permit.until - Date.now()) });
}

/** The right to make one call. `at`: its time by the governor's clock, reported with its outcome. */
export type CallPermit = Result<{ at: number }, Failure>;

/** Waits for the right to call, but not so long that it blocks an invocation: then the task is requeued. */
export async function waitForPermit(
  config: ConsumerConfig,
  { id: task, created_at }: { id: string; created_at: number },
  model: string,
): Promise<CallPermit> {
  const endpointFailure = await checkEndpoint(config, model, created_at);
  if (endpointFailure !== null) return err(endpointFailure);
  const requestsPerMinute = rateOf(config, model);
  if (requestsPerMinute === null) return ok({ at: 0 });
  const governor = governorOf(config, model);
  const request = { task, requestsPerMinute };
  const requeueAt = Date.now() + governorLimits.aheadMsMax;
  for (;;) {
    const patienceMs = Math.max(0, requeueAt - Date.now());
    const permit = await callGovernor<Permit>(async () =>
      governor.grant({ ...request, patienceMs }),
    );
    const call = permit.granted ? await waitUntilCall(governor, request, permit) : permit;
    if (call.granted) return ok({ at: call.at });
    if (call.until > requeueAt) return err(modelBusy(model, call.until));
    await sleepUntil(call.until);
  }
}

/** Waits for the time of a call. One reserved well ahead is confirmed then: the model may have closed. */
async function waitUntilCall(
  governor: DurableObjectStub<Governor>,
  request: PermitRequest,
  permit: Permit & { granted: true },
): Promise<Permit> {
  const waitMs = await sleepUntil(permit.at);
  if (waitMs < governorLimits.confirmMsMin) return permit;
  return callGovernor<Permit>(async () => governor.confirm({ ...request, at: permit.at }));
}

/** The delay is longer than an invocation waits for a permit, so that a requeued task never waits twice in one. */
function modelBusy(model: string, until: number): Failure {
  const retryAfterMs = Math.max(until - Date.now(), governorLimits.aheadMsMax + 1);
  return failure("model_busy", `The rate limit of ${model} has no free call.`, { retryAfterMs });
}

async function sleepUntil(time: number): Promise<number> {
  const ms = Math.max(0, time - Date.now());
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  return ms;
}

/** Reports the outcome of the call that was permitted for the time `at`. Never rejects. */
export async function reportOutcome(
  config: ConsumerConfig,
  { task, model, at }: { task: string; model: string; at: number },
  outcome: ModelOutcome,
): Promise<void> {
  const observation = observationOf(outcome, at);
  if (observation === null || rateOf(config, model) === null) return;
  await report("record", model, async () => governorOf(config, model).record(task, observation));
}

/** Passes the slot of one task on to another. Never rejects: a slot that is lost expires. */
export async function moveSlot(
  config: PacingConfig,
  model: string,
  from: string,
  to: string,
): Promise<void> {
  await report("move", model, async () => governorOf(config, model).move(from, to));
}

/** Frees the slots of a task that is no longer in progress, once per governor. Never rejects. */
export async function releaseSlots(
  config: ConsumerConfig,
  task: string,
  models: readonly string[],
): Promise<void> {
  const pacedModels = models.filter((model) => rateOf(config, model) !== null);
  const governors = new Map(pacedModels.map((model) => [governorName(config, model), model]));
  await Promise.all(
    [...governors.values()].map((model) =>
      report("release", model, async () => governorOf(config, model).release(task)),
    ),
  );
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
