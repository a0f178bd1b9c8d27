/** The models of one task, as the loop uses them: each with its transport, its prices and its pace. */

import type { ModelOutcome } from "../../shared/models/model.ts";
import { isPriced } from "../../shared/models/profiles.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { Failure } from "../../shared/task/failures.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import { holdsPictures } from "../../shared/task/task_pictures.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { fallbackModelsOf } from "../delivery/fallback_models.ts";
import { sendHints } from "../delivery/hints.ts";
import { reportOutcome, waitForPermit } from "../governor/client.ts";
import { isEndpointFault, reportToBreaker } from "../governor/endpoint_health.ts";
import type { Call } from "../governor/link.ts";
import { type ModelClient, traitsOf } from "../loop/model_client.ts";
import { transportFor } from "../models/index.ts";
import { chatAttributes, recordOutcome } from "../telemetry/gen_ai.ts";
import { seesPictures } from "./pictures.ts";

/** What a model call needs of its task. */
export type ModelTask = Pick<TaskRow, "id" | "model" | "created_at">;

/** The task's own model, then its fallbacks. A fallback without an endpoint, or without vision for a task with pictures, is left out. */
export function modelClientsFor(
  config: ConsumerConfig,
  task: ModelTask,
  spec: DurableTask,
): Result<[ModelClient, ...ModelClient[]], Failure> {
  const { model } = task;
  const primaryClient = createModelClient(config, task, model, spec, false);
  if (!primaryClient.ok) return primaryClient;
  const clients: [ModelClient, ...ModelClient[]] = [primaryClient.value];
  const hasPictures = holdsPictures(spec);
  for (const name of fallbackModelsOf(config, model, spec.fallback_models)) {
    if (hasPictures && !seesPictures(name, config.profileOf)) continue;
    const fallback = createModelClient(config, task, name, spec, true);
    if (fallback.ok) clients.push(fallback.value);
  }
  return ok(clients);
}

function createModelClient(
  config: ConsumerConfig,
  task: ModelTask,
  model: string,
  spec: DurableTask,
  isFallback: boolean,
): Result<ModelClient, Failure> {
  const { AI, MODEL_BASE_URL, MODEL_API_KEY } = config.env;
  const { profileOf } = config;
  /** The transport for a call. Only a rehearsal uses `position`, which is the position in its script. */
  const transportAt = (position: number) => {
    const rehearsal = spec.rehearsal && { turns: spec.rehearsal, position };
    return transportFor(model, { AI, MODEL_BASE_URL, MODEL_API_KEY, profileOf, rehearsal });
  };
  const firstTransport = transportAt(0);
  if (!firstTransport.ok) return firstTransport;
  const { profile, servedBy } = firstTransport.value;
  const traits = traitsOf(profile, spec.sampling);
  // The permit of the current call: its outcome is reported with it.
  let permit: Call = { at: 0, isProbe: false };
  return ok({
    id: model,
    isFallback,
    ...traits,
    async complete(request, position) {
      const current = model === "rehearsal" ? transportAt(position) : firstTransport;
      if (!current.ok) return { ok: false, failure: current.error };
      const { sampling } = spec;
      const attributes = () =>
        chatAttributes({
          task: task.id,
          model,
          servedBy,
          isFallback,
          outputTokensMax: request.outputTokensMax,
        });
      const outcome = await config.spans.run(`chat ${model}`, attributes, async (span) => {
        const { transport } = current.value;
        const outcome = await transport.complete(
          sampling === undefined ? request : { ...request, sampling },
        );
        recordOutcome(span, outcome, traits.costOf);
        return outcome;
      });
      // A call that the fleet stopped itself says nothing about the endpoint.
      if (request.signal.aborted) return outcome;
      if (model === "rehearsal") return ownFault(outcome);
      await reportOutcome(config, { task: task.id, model, call: permit }, outcome);
      const call = { model, waitingSince: task.created_at };
      return reportToBreaker(config, call, outcome, () => sendHints(config));
    },
    isPriced: (usage) => model === "rehearsal" || isPriced(profile, usage),
    async waitForPermit() {
      const permitted = await waitForPermit(config, task, model);
      if (permitted.ok) permit = permitted.value;
      return permitted;
    },
  });
}

/** A rehearsal is its own endpoint: what its script does wrong is the task's failure and costs an attempt. */
function ownFault(outcome: ModelOutcome): ModelOutcome {
  if (outcome.ok || !isEndpointFault(outcome.failure)) return outcome;
  return { ...outcome, failure: { ...outcome.failure, class: "retry" } };
}
