/** The consumer's side of the governor: who is asked, and how a wait becomes a delayed message. */
import type { Failure } from "../../shared/failures.ts";
import { classOf, failure } from "../../shared/failures.ts";
import { governorLimits, platformLimits } from "../../shared/limits.ts";
import { log } from "../../shared/log.ts";
import type { TaskMessage } from "../../shared/message.ts";
import { retrying, StoreFault } from "../../shared/retrying.ts";
import { markUnsent } from "../../shared/store/submissions.ts";
import type { Fleet } from "../fleet.ts";
import type { ModelOutcome } from "../models/model.ts";
import type { Governor, Permit } from "./governor.ts";
import type { Heard } from "./pace.ts";

/**
 * The rate of a model, or null when nothing limits it and the governor is not asked: an endpoint of
 * the user's own without MODEL_RPM, and the rehearsal, whose governor would park every task at once.
 */
export function rateOf(fleet: Fleet, model: string): number | null {
  if (model === "rehearsal") return null;
  const own = Number(fleet.env.MODEL_RPM ?? "");
  const hosted = model.startsWith("@cf/") && fleet.env.AI !== undefined;
  if (!hosted) return own > 0 ? own : null;
  return fleet.profileOf(model).requestsPerMinute;
}

/** One object per Workers AI model; one for the whole endpoint of MODEL_BASE_URL. */
function governorOf(fleet: Fleet, model: string): DurableObjectStub<Governor> {
  const hosted = model.startsWith("@cf/") && fleet.env.AI !== undefined;
  const name = hosted ? model : `endpoint ${fleet.env.MODEL_BASE_URL ?? ""}`;
  return fleet.env.GOVERNOR.get(fleet.env.GOVERNOR.idFromName(name));
}

export type Admission = { ok: true } | { ok: false; waitMs: number };

/** Asked before a claim, because a claim that is denied afterwards costs rows and queue operations. */
export async function admit(fleet: Fleet, message: TaskMessage): Promise<Admission> {
  const rate = rateOf(fleet, message.model);
  if (rate === null) return { ok: true };
  const permit = await asked<Permit>(async () => governorOf(fleet, message.model).admit(rate));
  return permit.granted ? { ok: true } : { ok: false, waitMs: permit.until - Date.now() };
}

/** Waits for the reserved slot, or is told when to come back. */
export async function permit(
  fleet: Fleet,
  model: string,
): Promise<{ ok: true } | { ok: false; failure: Failure }> {
  const rate = rateOf(fleet, model);
  if (rate === null) return { ok: true };
  const granted = await asked<Permit>(async () => governorOf(fleet, model).permit(rate));
  if (!granted.granted) {
    const retryAfterMs = Math.max(0, granted.until - Date.now());
    return {
      ok: false,
      failure: failure("model_busy", `The governor of ${model} has no slot free.`, {
        retryAfterMs,
      }),
    };
  }
  const waitMs = granted.at - Date.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  return { ok: true };
}

/** Lets the governor learn from how a call ended. Never rejects: a reply that was paid for is worth more. */
export async function tell(fleet: Fleet, model: string, outcome: ModelOutcome): Promise<void> {
  const heard = heardIn(outcome);
  if (heard === null || rateOf(fleet, model) === null) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), governorLimits.tellMsMax);
  });
  try {
    await Promise.race([governorOf(fleet, model).heard(heard), tooLong]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log("governor_untold", { model, heard: heard.kind, message });
  } finally {
    clearTimeout(timer);
  }
}

/** What an outcome says of the endpoint; null when it says nothing, as a request that was refused as wrong. */
function heardIn(outcome: ModelOutcome): Heard | null {
  if (outcome.ok) return { kind: "answered" };
  switch (classOf(outcome.failure)) {
    case "give_back":
    case "wait":
      return { kind: "refused", retryAfterMs: outcome.failure.retryAfterMs ?? null };
    case "retry":
      return { kind: "faulted" };
    case "shrink":
    case "fail":
    case "dead":
      return null;
  }
}

/** A governor that cannot be reached is a store that failed: the task waits rather than run unpaced. */
async function asked<T>(call: () => Promise<T>): Promise<T> {
  return retrying("ask the governor", call);
}

/** Sends a message again after a delay. When the queue refuses it, the sweep sends it. */
export async function sendLater(
  fleet: Fleet,
  message: TaskMessage,
  delayMs: number,
  priority: "normal" | "low" = "normal",
): Promise<void> {
  const { env } = fleet;
  const delaySeconds = Math.min(platformLimits.queueDelaySecondsMax, Math.ceil(delayMs / 1000));
  const queue = priority === "low" ? env.TASKS_LOW : env.TASKS;
  try {
    await retrying("send", () => queue.send(message, { contentType: "json", delaySeconds }));
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error;
    await markUnsent(env.DB, [message.task_id]);
  }
}
