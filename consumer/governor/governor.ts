/**
 * The governor: one Durable Object for each model id of the account, or for each endpoint, so that all
 * consumer invocations share one rate. A worker sends one request for each model call: it reports what
 * happened since its last one, and is answered when its call may be made. core.ts does the work.
 */
import { DurableObject } from "cloudflare:workers";
import type { Breaker, Fault, Passage } from "./breaker.ts";
import { type GovernorAnswer, GovernorCore, type GovernorRequest } from "./core.ts";
import type { AdmissionRequest, PermitRequest, Report } from "./limiter.ts";
import type { GovernorSnapshot } from "./snapshot.ts";

export class Governor extends DurableObject {
  readonly #core = new GovernorCore(this.ctx.storage, (ms) => scheduler.wait(ms));

  admit(
    request: GovernorRequest<AdmissionRequest>,
    reports: readonly Report[] = [],
  ): Promise<GovernorAnswer> {
    return this.#core.admit(request, reports);
  }

  grant(
    request: GovernorRequest<PermitRequest>,
    reports: readonly Report[] = [],
  ): Promise<GovernorAnswer> {
    return this.#core.grant(request, reports);
  }

  receive(reports: readonly Report[]): Promise<void> {
    return this.#core.receive(reports);
  }

  breaker(): Promise<Breaker> {
    return this.#core.breaker();
  }

  pass(): Promise<{ passage: Passage; breaker: Breaker }> {
    return this.#core.pass();
  }

  recordFault(fault: Fault): Promise<Breaker> {
    return this.#core.recordFault(fault);
  }

  recordAnswer(): Promise<Breaker> {
    return this.#core.recordAnswer();
  }

  snapshot(requestsPerMinute: number): Promise<GovernorSnapshot> {
    return this.#core.snapshot(requestsPerMinute);
  }
}
