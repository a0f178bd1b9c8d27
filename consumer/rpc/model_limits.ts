/** What each model's calls are limited to and what is used of it: the governors tell, and nothing changes. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { paceLimits } from "../../shared/limits.ts";
import { readProfiles } from "../../shared/models/profile_overrides.ts";
import type { ConsumerEnv } from "../config/env.ts";
import { governorName, rateOf, readSnapshot } from "../governor/client.ts";
import type { GovernorSnapshot } from "../governor/snapshot.ts";

const ModelLimitsRequest = Type.Object({
  models: Type.Array(Type.String({ maxLength: 255 }), { maxItems: paceLimits.modelsMax }),
});
export type ModelLimitsRequest = Static<typeof ModelLimitsRequest>;

export interface ModelLimit {
  model: string;
  /** Null where nothing limits the model. */
  requestsPerMinute: number | null;
  /** Whether the limit is that of the whole endpoint, which other models share. */
  shared: boolean;
  /** Null where nothing limits the model, or where its governor did not answer in time. */
  look: GovernorSnapshot | null;
}

/** Null where the question cannot be answered. */
export async function modelLimitsOf(
  asked: unknown,
  env: ConsumerEnv,
): Promise<ModelLimit[] | null> {
  if (!Value.Check(ModelLimitsRequest, asked)) return null;
  const profiles = readProfiles(env.MODEL_PROFILES);
  if (!profiles.ok) return null;
  const paced = { env, profileOf: profiles.profileOf };
  // Models that share an endpoint share its governor, which is asked once.
  const looks = new Map<string, Promise<GovernorSnapshot | null>>();
  return Promise.all(
    asked.models.map(async (model) => {
      const requestsPerMinute = rateOf(paced, model);
      if (requestsPerMinute === null)
        return { model, requestsPerMinute, shared: false, look: null };
      const name = governorName(paced, model);
      const look = looks.get(name) ?? readSnapshot(paced, model, requestsPerMinute);
      looks.set(name, look);
      return { model, requestsPerMinute, shared: name !== model, look: await look };
    }),
  );
}
