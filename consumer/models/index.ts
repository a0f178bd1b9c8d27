import type { Transport } from "../../shared/models/model.ts";
import { type Profile, type ProfileOf, profileOf } from "../../shared/models/profiles.ts";
import { type Route, routeOf } from "../../shared/platform/serving.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { type Failure, failure } from "../../shared/task/failures.ts";
import { openAiTransport } from "./transport/openai.ts";
import { type RehearsalScript, rehearsalTransport } from "./transport/rehearsal.ts";
import { type WorkersAi, workersAiTransport } from "./transport/workers_ai.ts";

/** What the consumer has configured, by the names of its environment. */
export interface ModelConfig {
  AI?: WorkersAi | undefined;
  MODEL_BASE_URL?: string | undefined;
  MODEL_API_KEY?: string | undefined;
  /** The task's own script, and how many model calls it has journaled. */
  rehearsal?: RehearsalScript | undefined;
  /** The profile table with the overrides of MODEL_PROFILES; the plain table where absent. */
  profileOf?: ProfileOf;
}

/** What a model's calls go to. */
export type ServedBy = Exclude<Route["kind"], "none">;

export interface Served {
  servedBy: ServedBy;
  transport: Transport;
  profile: Profile;
}

/** The transport and profile of a model, or the failure `model_unconfigured` that says what to set. */
export function transportFor(
  model: string,
  config: ModelConfig,
  send?: typeof fetch,
): Result<Served, Failure> {
  const profile = (config.profileOf ?? profileOf)(model);
  const route = routeOf(model, {
    workersAi: config.AI !== undefined,
    baseUrl: config.MODEL_BASE_URL,
  });
  const configFailure = (message: string) => err(failure("model_unconfigured", message));
  switch (route.kind) {
    case "none":
      return configFailure(route.missing);
    case "rehearsal":
      return config.rehearsal === undefined
        ? configFailure(
            "The task has no rehearsal turns; set MODEL and MODEL_BASE_URL to use a real model.",
          )
        : ok({ servedBy: route.kind, profile, transport: rehearsalTransport(config.rehearsal) });
    case "workers_ai":
      return config.AI === undefined
        ? configFailure("Workers AI is not bound.")
        : ok({
            servedBy: route.kind,
            profile,
            transport: workersAiTransport(config.AI, profile),
          });
    case "openai": {
      const key = config.MODEL_API_KEY;
      const transport = openAiTransport({
        baseUrl: route.baseUrl,
        profile,
        ...(send === undefined ? {} : { send }),
        ...(key === undefined || key === "" ? {} : { apiKey: key }),
      });
      return ok({ servedBy: route.kind, profile, transport });
    }
  }
}
