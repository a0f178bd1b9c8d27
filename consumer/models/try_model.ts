/** Tries a model as a person would: is its endpoint there, is the model served, does it call a tool? */
import { endpointUrls } from "../../shared/addresses/endpoint_urls.ts";
import { modelTryLimits } from "../../shared/limits.ts";
import { type EndpointFinding, endpointFinding } from "../../shared/models/endpoint_finding.ts";
import type { ModelRequest, Transport } from "../../shared/models/model.ts";
import { listServedModels } from "../../shared/models/served_models.ts";
import { routeOf } from "../../shared/platform/serving.ts";
import { type ModelConfig, transportFor } from "./index.ts";

export interface ModelFinding extends EndpointFinding {
  check: "endpoint" | "model";
}

/** Makes at most one short call. Never rejects, whatever the endpoint does. */
export async function tryModel(
  model: string,
  config: ModelConfig,
  send: typeof fetch = fetch,
): Promise<ModelFinding[]> {
  const route = routeOf(model, {
    workersAi: config.AI !== undefined,
    baseUrl: config.MODEL_BASE_URL,
  });
  if (route.kind === "none") return [{ check: "model", ok: false, message: route.missing }];
  if (route.kind === "rehearsal") {
    const message =
      "rehearsal is scripted, so there is nothing to try: set MODEL and MODEL_BASE_URL to use a real model";
    return [{ check: "model", ok: true, message }];
  }
  const transport = transportFor(model, config, send);
  if (!transport.ok) return [{ check: "model", ok: false, message: transport.error.message }];
  const endpoint = route.kind === "openai" ? await findEndpoint(model, config, send) : null;
  if (endpoint !== null && !endpoint.isReachable) return [endpoint.finding];
  const outcome = await callModel(model, transport.value.transport);
  if (endpoint === null) return [outcome];
  // A list can be incomplete or closed to the key; a call that works proves more.
  if (outcome.ok && !endpoint.finding.ok) {
    const message = `${endpoint.base} answers`;
    return [{ check: "endpoint", ok: true, message }, outcome];
  }
  return [endpoint.finding, outcome];
}

async function findEndpoint(
  model: string,
  { MODEL_BASE_URL = "", MODEL_API_KEY = "" }: ModelConfig,
  send: typeof fetch,
): Promise<{ base: string; finding: ModelFinding; isReachable: boolean } | null> {
  const urls = endpointUrls(MODEL_BASE_URL);
  if (!urls.ok) return null;
  const headers: Record<string, string> = { accept: "application/json" };
  if (MODEL_API_KEY !== "") headers.authorization = `Bearer ${MODEL_API_KEY}`;
  const list = await listServedModels(urls.value.models, headers, send);
  const finding = endpointFinding(urls.value, list, model);
  return {
    base: urls.value.base,
    finding: { check: "endpoint", ...finding },
    isReachable: list.kind !== "unreachable",
  };
}

const schema = {
  type: "object",
  properties: { ready: { type: "boolean" } },
  required: ["ready"],
  additionalProperties: false,
};

const request = (model: string): ModelRequest => ({
  model,
  taskId: "task_try",
  messages: [
    { role: "system", content: "You test a connection. Answer only by calling the tool." },
    { role: "user", content: "Call the tool report_ready with ready = true." },
  ],
  tools: [
    {
      name: "report_ready",
      description: "Reports that the model is ready.",
      parameters: schema,
      original: schema,
      effect: "read",
    },
  ],
  toolChoice: "auto",
  outputTokensMax: modelTryLimits.outputTokensMax,
  signal: AbortSignal.timeout(modelTryLimits.callMsMax),
});

async function callModel(model: string, transport: Transport): Promise<ModelFinding> {
  const check = "model";
  const startedAt = Date.now();
  const outcome = await transport.complete(request(model));
  const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1);
  if (!outcome.ok) {
    const isLate =
      outcome.failure.code === "model_deadline" && outcome.failure.status === undefined;
    const message = isLate
      ? `${model} did not answer within ${modelTryLimits.callMsMax / 1_000} s: a server that loads the model needs longer the first time, so try again`
      : outcome.failure.message;
    return { check, ok: false, message };
  }
  const { calls, finish } = outcome.reply;
  if (calls.some(({ name }) => name === "report_ready")) {
    return { check, ok: true, message: `${model} called a tool after ${seconds} s` };
  }
  const reason = finish === "length" ? "used up its output before it called" : "did not call";
  return {
    check,
    ok: false,
    message: `${model} answered, but ${reason} the tool that it was offered: use a model that supports tools, or turn them on in the server (vLLM: --enable-auto-tool-choice and --tool-call-parser; llama.cpp: --jinja)`,
  };
}
