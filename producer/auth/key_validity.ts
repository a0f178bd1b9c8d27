/**
 * Whether a key is still valid. It is checked when a call presents it, and again when a schedule or a waiting
 * batch submits work under it later.
 */

import { err, ok, type Result } from "../../shared/result.ts";
import {
  markKeyUsed,
  type PresentedKey,
  readPresentedKey,
} from "../../shared/store/keys/key_use.ts";
import type { ProducerEnv } from "../env.ts";
import { isScope, type Principal } from "./principal.ts";

/** Why a key is no longer valid. Its scopes never change. */
export type KeyEnd = "revoked" | "expired";

export const keyEndOf = (row: PresentedKey): KeyEnd | null =>
  row.revoked_at !== null ? "revoked" : row.expired === 1 ? "expired" : null;

/** The principal of a valid key. Updates `last_used_at` from time to time. */
export async function principalOf(env: ProducerEnv, row: PresentedKey): Promise<Principal> {
  if (row.stale === 1 && row.requests_per_minute === null) await markKeyUsed(env.DB, row.id);
  return {
    tenant: row.tenant,
    scopes: (JSON.parse(row.scopes) as string[]).filter(isScope),
    key: {
      id: row.id,
      requestsPerMinute: row.requests_per_minute,
      backlog: row.backlog,
      defaults: row.defaults,
    },
  };
}

/** Work that was submitted under a key. `key_id` is null if no key of `api_keys` was used. */
export interface DeferredWork {
  tenant: string;
  key_id: string | null;
  /** JSON list of the key's scopes at that time; null if they were not recorded. */
  scopes: string | null;
}

/** The principal for whom deferred work is submitted now, or how its key ended. A missing key counts as revoked. */
export async function deferredPrincipal(
  env: ProducerEnv,
  work: DeferredWork,
): Promise<Result<Principal, KeyEnd>> {
  const { tenant, key_id: id } = work;
  const scopes = (JSON.parse(work.scopes ?? "[]") as string[]).filter(isScope);
  if (id === null) return ok({ tenant, scopes });
  const row = await readPresentedKey(env.DB, id);
  if (row === null || row.tenant !== tenant) return err("revoked");
  const keyEnd = keyEndOf(row);
  return keyEnd === null ? ok({ ...(await principalOf(env, row)), scopes }) : err(keyEnd);
}

export const keyEndText = (keyEnd: KeyEnd): string =>
  keyEnd === "revoked" ? "has been revoked" : "has expired";
