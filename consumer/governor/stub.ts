/** The Durable Object of a model or endpoint, and how it is called. */
import { governorLimits, retryLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { type RetryOptions, withRetries } from "../../shared/platform/retries.ts";
import { routeOf } from "../../shared/platform/serving.ts";
import { withTimeout } from "../../shared/platform/timeout.ts";
import type { ConsumerConfig } from "../config/config.ts";
import type { Governor } from "./governor.ts";

/** The part of the configuration that determines a model's rate. */
export type PacingConfig = Pick<ConsumerConfig, "env" | "profileOf">;

export const isHosted = ({ env }: PacingConfig, model: string): boolean =>
  routeOf(model, { workersAi: env.AI !== undefined }).kind === "workers_ai";

/**
 * The requests per minute of a model. Null when nothing limits it and it has no governor: an endpoint at
 * MODEL_BASE_URL without MODEL_RPM, and the rehearsal, whose governor would delay every task.
 */
export function rateOf(config: PacingConfig, model: string): number | null {
  if (model === "rehearsal") return null;
  const endpointRate = Number(config.env.MODEL_RPM ?? "");
  if (!isHosted(config, model)) return endpointRate > 0 ? endpointRate : null;
  return config.profileOf(model).requestsPerMinute;
}

/** One object per Workers AI model; one for the whole endpoint of MODEL_BASE_URL. */
export const governorOf = (config: PacingConfig, model: string): DurableObjectStub<Governor> =>
  governorNamed(config.env, governorName(config, model));

export const governorNamed = (
  { GOVERNOR }: PacingConfig["env"],
  name: string,
): DurableObjectStub<Governor> => GOVERNOR.get(GOVERNOR.idFromName(name));

export function governorName(config: PacingConfig, model: string): string {
  return isHosted(config, model) ? model : `endpoint ${config.env.MODEL_BASE_URL ?? ""}`;
}

/** Best effort: on a timeout the governor only misses one report. */
export async function report(
  operation: string,
  model: string,
  call: () => Promise<void>,
): Promise<void> {
  try {
    await withTimeout("the governor", governorLimits.reportMsMax, call());
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log("governor_report_failed", { model, what: operation, message });
  }
}

/** A permit is answered when its call may be made. */
const permitRetries: RetryOptions = {
  retries: retryLimits.storeRetries,
  callMs: retryLimits.storeCallMsMax + governorLimits.aheadMsMax,
  deadlineMs: retryLimits.storeDeadlineMs + governorLimits.aheadMsMax,
};

/** An unreachable governor counts as a failed store: the task waits rather than run without a rate. */
export async function callGovernor<T>(call: () => Promise<T>): Promise<T> {
  return withRetries("the governor", call, permitRetries);
}
