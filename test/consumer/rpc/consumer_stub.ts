/** Consumers as the producer has them bound: the real one, one that is down, and one of another version. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { ConsumerApi, type ConsumerStub } from "../../../consumer/rpc/consumer_api.ts";

/** The real consumer with these bindings. Replies are copies, as they are over RPC. */
export function consumerWith(bindings: Record<string, unknown> = {}): ConsumerStub {
  const api = new ConsumerApi(createExecutionContext(), { ...env, ...bindings });
  return {
    ping: async () => api.ping(),
    listTools: async (tenant) => structuredClone(api.listTools(tenant)),
    readiness: async (request) => structuredClone(api.readiness(request)),
    modelLimits: async (request) => structuredClone(await api.modelLimits(request)),
    tryModel: async (request) => structuredClone(await api.tryModel(request)),
    gradeWithProgram: async (request) => structuredClone(await api.gradeWithProgram(request)),
  };
}

const everyMethod = (method: () => Promise<never>): ConsumerStub => ({
  ping: method,
  listTools: method,
  readiness: method,
  modelLimits: method,
  tryModel: method,
  gradeWithProgram: method,
});

export const consumerDown = everyMethod(() => Promise.reject(new Error("down")));

export const consumerReplying = (reply: unknown): ConsumerStub =>
  everyMethod(async () => reply as never);

/** A consumer of an older version: the runtime rejects calls of a missing method. */
export const consumerWithoutMethods = {} as ConsumerStub;
