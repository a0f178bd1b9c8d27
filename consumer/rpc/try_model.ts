/** One short call to a model, as `fleet doctor` asks for it. It costs the operator one call and no task. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { readProfiles } from "../../shared/models/profile_overrides.ts";
import type { ConsumerEnv } from "../config/env.ts";
import { type ModelFinding, tryModel } from "../models/try_model.ts";

const TryModelRequest = Type.Object({ model: Type.Optional(Type.String({ maxLength: 255 })) });
export type TryModelRequest = Static<typeof TryModelRequest>;

export interface TriedModel {
  /** The requested model, or the fleet's default. */
  model: string;
  findings: ModelFinding[];
}

/** Null where the request is invalid or MODEL_PROFILES cannot be read. Bounded in time. */
export async function tryModelHere(request: unknown, env: ConsumerEnv): Promise<TriedModel | null> {
  if (!Value.Check(TryModelRequest, request)) return null;
  const profiles = readProfiles(env.MODEL_PROFILES);
  if (!profiles.ok) return null;
  const { AI, MODEL_BASE_URL, MODEL_API_KEY } = env;
  const model = request.model ?? env.MODEL;
  const config = { AI, MODEL_BASE_URL, MODEL_API_KEY, profileOf: profiles.value };
  return { model, findings: await tryModel(model, config) };
}
