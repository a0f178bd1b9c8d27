/** Asks the consumer over its service binding: only the consumer sees its bindings, secrets and governors. */
import type { ConsumerStub } from "../consumer/rpc/consumer_api.ts";
import type { GradeRequest, ProgramGrades } from "../consumer/rpc/grade_program.ts";
import type { ModelLimit, ModelLimitsRequest } from "../consumer/rpc/model_limits.ts";
import type { Readiness, ReadinessRequest } from "../consumer/rpc/readiness.ts";
import type { ToolListing } from "../consumer/rpc/tools.ts";
import type { TriedModel, TryModelRequest } from "../consumer/rpc/try_model.ts";
import {
  dryRunLimits,
  evalLimits,
  modelListLimits,
  modelTryLimits,
  retryLimits,
  toolListLimits,
} from "../shared/limits.ts";
import { log } from "../shared/platform/log.ts";
import { withTimeout } from "../shared/platform/timeout.ts";
import type { ProducerEnv } from "./env.ts";

type Bound = Pick<ProducerEnv, "CONSUMER">;

/** Each of these is null where no consumer is bound, none answers in time, or one of another version answers. */
export const pingConsumer = (env: Bound): Promise<"ok" | null> =>
  askConsumer(env, (consumer) => consumer.ping(), retryLimits.briefCallMsMax, isPong);

export const listTools = (env: Bound, tenant: string): Promise<ToolListing | null> =>
  askConsumer(
    env,
    (consumer) => consumer.listTools(tenant),
    toolListLimits.requestMsMax,
    (reply) => hasLists(reply, ["tools", "mcp", "skills", "faults"]),
  );

export const readReadiness = (env: Bound, request: ReadinessRequest): Promise<Readiness | null> =>
  askConsumer(
    env,
    (consumer) => consumer.readiness(request),
    dryRunLimits.requestMsMax,
    (reply) => hasLists(reply, ["policies", "models"]),
  );

export const readModelLimits = (
  env: Bound,
  request: ModelLimitsRequest,
): Promise<ModelLimit[] | null> =>
  askConsumer(
    env,
    (consumer) => consumer.modelLimits(request),
    modelListLimits.requestMsMax,
    isModelLimits,
  );

export const tryModel = (env: Bound, request: TryModelRequest): Promise<TriedModel | null> =>
  askConsumer(
    env,
    (consumer) => consumer.tryModel(request),
    modelTryLimits.requestMsMax,
    (reply) => hasLists(reply, ["findings"]),
  );

export const gradeWithProgram = (
  env: Bound,
  request: GradeRequest,
): Promise<ProgramGrades | null> =>
  askConsumer(
    env,
    (consumer) => consumer.gradeWithProgram(request),
    evalLimits.programCallMsMax,
    (reply) => hasLists(reply, ["scores"]),
  );

async function askConsumer<T>(
  { CONSUMER }: Bound,
  call: (consumer: ConsumerStub) => Promise<T | null>,
  msMax: number,
  isReply: (value: unknown) => boolean,
): Promise<T | null> {
  if (CONSUMER === undefined) return null;
  try {
    const reply = await withTimeout("the consumer", msMax, call(CONSUMER));
    if (!isReply(reply)) throw new Error("the consumer's reply has an unexpected shape");
    return reply;
  } catch (error) {
    log("unhealthy", { what: "consumer", message: String(error) });
    return null;
  }
}

const isPong = (reply: unknown): boolean => reply === "ok";

const hasLists = (reply: unknown, names: readonly string[]): boolean =>
  typeof reply === "object" &&
  reply !== null &&
  names.every((name) => Array.isArray(Reflect.get(reply, name)));

/** Every entry has a snapshot, or null for a model whose governor did not answer. */
const isModelLimits = (reply: unknown): boolean =>
  Array.isArray(reply) &&
  reply.every(
    (limit) =>
      typeof limit === "object" && limit !== null && "snapshot" in limit && "model" in limit,
  );
