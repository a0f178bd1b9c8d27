/** Configurations whose only governor is in memory, without a Durable Object. */
import type { ConsumerConfig } from "../../consumer/config/config.ts";
import { closedBreaker } from "../../consumer/governor/breaker.ts";
import type { LimiterAnswer, Permit, PermitRequest } from "../../consumer/governor/limiter.ts";
import * as limiter from "../../consumer/governor/limiter.ts";
import type { Observation } from "../../consumer/governor/pace.ts";

/** Uses the pure limiter as the governor. */
export function configWithGovernor(requestsPerMinute: number): ConsumerConfig {
  let state = limiter.emptyState();
  const decide = (decision: LimiterAnswer): Permit => {
    state = decision.state;
    return decision.permit;
  };
  const governor = {
    breaker: async () => closedBreaker,
    admit: async (request: PermitRequest) => decide(limiter.admit(state, request, Date.now())),
    grant: async (request: PermitRequest) => decide(limiter.grant(state, request, Date.now())),
    confirm: async (request: PermitRequest & { at: number }) =>
      decide(limiter.confirm(state, request, Date.now())),
    record: async (task: string, observation: Observation) => {
      state = limiter.record(state, task, observation, Date.now());
    },
    release: async (task: string) => {
      state = limiter.release(state, task, Date.now());
    },
  };
  return configWith(governor, requestsPerMinute);
}

export function configWith(governor: object, requestsPerMinute: number): ConsumerConfig {
  const env = {
    MODEL_BASE_URL: "http://limited.invalid/v1",
    MODEL_RPM: String(requestsPerMinute),
    GOVERNOR: { idFromName: (name: string) => name, get: () => governor },
  };
  return { env } as unknown as ConsumerConfig;
}
