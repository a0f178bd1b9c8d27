/** What the producer may ask of the consumer. A service binding with this entrypoint is the only way to it. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { ConsumerEnv } from "../config/env.ts";
import { type GradeRequest, gradeWithProgram, type ProgramGrades } from "./grade_program.ts";
import { type ModelLimit, type ModelLimitsRequest, readModelLimits } from "./model_limits.ts";
import { checkReadiness, type Readiness, type ReadinessRequest } from "./readiness.ts";
import { listTools, type ToolListing } from "./tools.ts";
import { type TriedModel, type TryModelRequest, tryModelHere } from "./try_model.ts";

/**
 * The types are those of the same version; the other Worker may be of another one, so each method checks
 * its input and returns null where it cannot answer it.
 */
export class ConsumerApi extends WorkerEntrypoint<ConsumerEnv> {
  /** Shows that this Worker runs. */
  ping(): "ok" {
    return "ok";
  }

  listTools(tenant: string): ToolListing | null {
    return typeof tenant === "string" ? listTools(tenant, this.env) : null;
  }

  readiness(request: ReadinessRequest): Readiness | null {
    return checkReadiness(request, this.env);
  }

  modelLimits(request: ModelLimitsRequest): Promise<ModelLimit[] | null> {
    return readModelLimits(request, this.env);
  }

  tryModel(request: TryModelRequest): Promise<TriedModel | null> {
    return tryModelHere(request, this.env);
  }

  gradeWithProgram(request: GradeRequest): Promise<ProgramGrades | null> {
    return gradeWithProgram(request, this.env);
  }
}

type Method = "ping" | "listTools" | "readiness" | "modelLimits" | "tryModel" | "gradeWithProgram";

/** The API as its caller has it: every method is a call to another Worker. */
export type ConsumerStub = {
  [M in Method]: (
    ...args: Parameters<ConsumerApi[M]>
  ) => Promise<Awaited<ReturnType<ConsumerApi[M]>>>;
};
