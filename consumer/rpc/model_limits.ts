/** The limit of each model's calls and how much of it is used, read from the governors without changing them. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { modelListLimits } from "../../shared/limits.ts";
import { readProfiles } from "../../shared/models/profile_overrides.ts";
import type { ConsumerEnv } from "../config/env.ts";
import { readSnapshot } from "../governor/client.ts";
import { type Outage, readOutage } from "../governor/endpoint_health.ts";
import type { GovernorSnapshot } from "../governor/snapshot.ts";
import { governorName, rateOf } from "../governor/stub.ts";

const ModelLimitsRequest = Type.Object({
  models: Type.Array(Type.String({ maxLength: 255 }), { maxItems: modelListLimits.modelsMax }),
});
export type ModelLimitsRequest = Static<typeof ModelLimitsRequest>;

export interface ModelLimit {
  model: string;
  /** Null if the model has no limit. */
  requestsPerMinute: number | null;
  /** Whether the limit is that of the whole endpoint, which other models share. */
  shared: boolean;
  /** Null where nothing limits the model, or where its governor did not answer in time. */
  snapshot: GovernorSnapshot | null;
  /** The outage of the model's endpoint; null while it answers. */
  outage: Outage | null;
}

/** Null where the request is invalid or MODEL_PROFILES cannot be read. */
export async function readModelLimits(
  request: unknown,
  env: ConsumerEnv,
): Promise<ModelLimit[] | null> {
  if (!Value.Check(ModelLimitsRequest, request)) return null;
  const profiles = readProfiles(env.MODEL_PROFILES);
  if (!profiles.ok) return null;
  const options = { env, profileOf: profiles.value };
  // Models that share an endpoint share its governor, which is read once.
  const outages = new Map<string, Promise<Outage | null>>();
  const snapshots = new Map<string, Promise<GovernorSnapshot | null>>();
  return Promise.all(
    request.models.map(async (model) => {
      const requestsPerMinute = rateOf(options, model);
      const name = governorName(options, model);
      const reading = outages.get(name) ?? readOutage(options, model);
      outages.set(name, reading);
      const outage = await reading;
      if (requestsPerMinute === null)
        return { model, requestsPerMinute, shared: false, snapshot: null, outage };
      const snapshot = snapshots.get(name) ?? readSnapshot(options, model, requestsPerMinute);
      snapshots.set(name, snapshot);
      const isShared = name !== model;
      return { model, requestsPerMinute, shared: isShared, snapshot: await snapshot, outage };
    }),
  );
}
