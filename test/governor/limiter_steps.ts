/** Single steps of the limiter: an admission without a call, one report. */
import {
  type LimiterAnswer,
  type LimiterState,
  admit as limiterAdmit,
  type PermitRequest,
  receive,
} from "../../consumer/governor/limiter.ts";
import type { Observation } from "../../consumer/governor/pace.ts";

/** The slot keeps the name of the task. */
export const admit = (state: LimiterState, request: PermitRequest, now: number): LimiterAnswer =>
  limiterAdmit(
    state,
    { ...request, slot: request.task, reservesCall: false, isRefill: false },
    now,
  );

/** The same by a worker that has just ended a task. */
export const refill = (state: LimiterState, request: PermitRequest, now: number): LimiterAnswer =>
  limiterAdmit(state, { ...request, slot: request.task, reservesCall: false, isRefill: true }, now);

export const record = (
  state: LimiterState,
  task: string,
  observation: Observation,
  now: number,
): LimiterState => receive(state, { kind: "outcome", task, observation }, now);

export const release = (state: LimiterState, task: string, now: number): LimiterState =>
  receive(state, { kind: "released", task }, now);
