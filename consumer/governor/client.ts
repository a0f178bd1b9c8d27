/** The consumer's side of the governor: who is asked, what is waited for, and what is told. */
import type { Failure } from "../../shared/failures.ts";
import { classOf, failure } from "../../shared/failures.ts";
import { inTime } from "../../shared/in_time.ts";
import { governorLimits } from "../../shared/limits.ts";
import { log } from "../../shared/log.ts";
import { retrying } from "../../shared/retrying.ts";
import { routeOf } from "../../shared/serving.ts";
import type { ConsumerConfig } from "../config/config.ts";
import type { ModelOutcome } from "../models/model.ts";
import type { Governor } from "./governor.ts";
import type { Permit } from "./limiter.ts";
import type { Observation } from "./pace.ts";
import type { GovernorSnapshot } from "./snapshot.ts";

/** What says how a model is paced. */
export type Paced = Pick<ConsumerConfig, "env" | "profileOf">;

const isHosted = ({ env }: Paced, model: string): boolean =>
  routeOf(model, { workersAi: env.AI !== undefined }).kind === "workers_ai";

/**
 * The rate of a model, or null when nothing limits it and the governor is not asked: an endpoint of
 * the user's own without MODEL_RPM, and the rehearsal, whose governor would park every task at once.
 */
export function rateOf(fleet: Paced, model: string): number | null {
  if (model === "rehearsal") return null;
  const own = Number(fleet.env.MODEL_RPM ?? "");
  if (!isHosted(fleet, model)) return own > 0 ? own : null;
  return fleet.profileOf(model).requestsPerMinute;
}

/** One object per Workers AI model; one for the whole endpoint of MODEL_BASE_URL. */
function governorOf(fleet: Paced, model: string): DurableObjectStub<Governor> {
  return fleet.env.GOVERNOR.get(fleet.env.GOVERNOR.idFromName(governorName(fleet, model)));
}

export function governorName(fleet: Paced, model: string): string {
  return isHosted(fleet, model) ? model : `endpoint ${fleet.env.MODEL_BASE_URL ?? ""}`;
}

/** `fresh`: the model's governor gave the task a place with this answer. */
export type Admitted = { ok: true; fresh: boolean } | { ok: false; waitMs: number };

/** Whether this model takes the task now; one without a governor takes every task. */
export async function admit(fleet: ConsumerConfig, task: string, model: string): Promise<Admitted> {
  const requestsPerMinute = rateOf(fleet, model);
  if (requestsPerMinute === null) return { ok: true, fresh: false };
  const ask = { task, requestsPerMinute };
  const permit = await asked<Permit>(async () => governorOf(fleet, model).admit(ask));
  return permit.granted
    ? { ok: true, fresh: permit.fresh }
    : { ok: false, waitMs: Math.max(0, permit.until - Date.now()) };
}

/** A slot of a model's rate, by its governor's clock; what the call teaches is told with it. */
export type Slot = { ok: true; at: number } | { ok: false; failure: Failure };

/**
 * Waits for the right to call, never longer than an invocation may be held; a task that would wait longer
 * is told when to come back.
 */
export async function permit(fleet: ConsumerConfig, task: string, model: string): Promise<Slot> {
  const requestsPerMinute = rateOf(fleet, model);
  if (requestsPerMinute === null) return { ok: true, at: 0 };
  const governor = governorOf(fleet, model);
  const ask = { task, requestsPerMinute };
  const giveBackAt = Date.now() + governorLimits.aheadMsMax;
  for (;;) {
    const patienceMs = Math.max(0, giveBackAt - Date.now());
    const granted = await asked<Permit>(async () => governor.permit({ ...ask, patienceMs }));
    const slot = granted.granted ? await reached(governor, { ...ask, at: granted.at }) : granted;
    if (slot.granted) return { ok: true, at: slot.at };
    if (slot.until > giveBackAt) return { ok: false, failure: busy(model, slot.until) };
    await sleepUntil(slot.until);
  }
}

/** Waits for a slot; one that lies ahead is asked for again, because a closed model takes no call. */
async function reached(
  governor: DurableObjectStub<Governor>,
  slot: { task: string; requestsPerMinute: number; at: number },
): Promise<Permit> {
  const waitMs = await sleepUntil(slot.at);
  if (waitMs < governorLimits.confirmMsMin) return { granted: true, at: slot.at, fresh: false };
  return asked<Permit>(async () => governor.confirm(slot));
}

/** Whoever has waited here already is given back for longer than an invocation waits a second time. */
function busy(model: string, until: number): Failure {
  const retryAfterMs = Math.max(until - Date.now(), governorLimits.aheadMsMax + 1);
  return failure("model_busy", `The governor of ${model} has no slot free.`, { retryAfterMs });
}

async function sleepUntil(time: number): Promise<number> {
  const ms = Math.max(0, time - Date.now());
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  return ms;
}

/** Lets the governor learn from how the call of the slot `at` ended. Never rejects. */
export async function reportOutcome(
  fleet: ConsumerConfig,
  { task, model, at }: { task: string; model: string; at: number },
  outcome: ModelOutcome,
): Promise<void> {
  const heard = heardIn(outcome, at);
  if (heard === null || rateOf(fleet, model) === null) return;
  await telling("heard", model, async () => governorOf(fleet, model).heard(task, heard));
}

/** Gives up the places of a task that is no longer in progress, once for each governor. Never rejects. */
export async function releaseSlots(
  fleet: ConsumerConfig,
  task: string,
  models: readonly string[],
): Promise<void> {
  const paced = models.filter((model) => rateOf(fleet, model) !== null);
  const governors = new Map(paced.map((model) => [governorName(fleet, model), model]));
  await Promise.all(
    [...governors.values()].map((model) =>
      telling("leave", model, async () => governorOf(fleet, model).leave(task)),
    ),
  );
}

/** What the governor of a model shows of itself; null where it does not answer, which stops no other's. */
export async function readSnapshot(
  fleet: Paced,
  model: string,
  requestsPerMinute: number,
): Promise<GovernorSnapshot | null> {
  try {
    return await inTime(
      "the governor",
      governorLimits.reportMsMax,
      (async () => governorOf(fleet, model).look(requestsPerMinute))(),
    );
  } catch (error) {
    log("governor_unseen", { model, message: String(error) });
    return null;
  }
}

/** A governor that hears nothing learns later; what is done by then is worth more than its answer. */
async function telling(what: string, model: string, call: () => Promise<void>): Promise<void> {
  try {
    await inTime("the governor", governorLimits.reportMsMax, call());
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log("governor_untold", { model, what, message });
  }
}

/** What an outcome says of the endpoint; null when it says nothing. */
function heardIn(outcome: ModelOutcome, at: number): Observation | null {
  if (outcome.ok) return { kind: "answered", at };
  switch (classOf(outcome.failure)) {
    case "give_back":
    case "wait":
      return { kind: "refused", at, retryAfterMs: outcome.failure.retryAfterMs ?? null };
    case "retry":
      return { kind: "faulted", at };
    case "shrink":
    case "fail":
      // It refused this request; it answers, and that is what a probe asks.
      return { kind: "answered", at };
    case "dead":
      return null;
  }
}

/** A governor that cannot be reached is a store that failed: the task waits rather than run unpaced. */
async function asked<T>(call: () => Promise<T>): Promise<T> {
  return retrying("ask the governor", call);
}
