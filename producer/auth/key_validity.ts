/**
 * Whether a key still holds. A call asks it of the key that it presents; what is submitted later in a
 * key's name, by a schedule or by a batch that waited, asks it again when its time comes.
 */
import { markUsed, type PresentedKey, presentedKey } from "../../shared/store/api_keys.ts";
import type { ProducerEnv } from "../env.ts";
import { isScope, type Principal } from "./principal.ts";

/** How a key ends. Its scopes never change, so these are the only ways in which one is narrowed. */
export type KeyEnd = "revoked" | "expired";

export const endOf = (row: PresentedKey): KeyEnd | null =>
  row.revoked_at !== null ? "revoked" : row.expired === 1 ? "expired" : null;

/** The caller that a key which holds stands for; its use is written down once in a while. */
export async function holderOf(env: ProducerEnv, row: PresentedKey): Promise<Principal> {
  if (row.stale === 1 && row.requests_per_minute === null) await markUsed(env.DB, row.id);
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

/** Work that was ordered under a key. `key_id` is null where the fleet itself vouches for it. */
export interface Ordered {
  tenant: string;
  key_id: string | null;
  /** JSON list of what the key could do; null where nobody asked. */
  scopes: string | null;
}

export type KeyValidity = { ok: true; principal: Principal } | { ok: false; ended: KeyEnd };

/** In whose name ordered work is submitted now. A key whose row is gone, or is another tenant's, is revoked. */
export async function keyValidityOf(env: ProducerEnv, ordered: Ordered): Promise<KeyValidity> {
  const { tenant, key_id: id } = ordered;
  const scopes = (JSON.parse(ordered.scopes ?? "[]") as string[]).filter(isScope);
  if (id === null) return { ok: true, principal: { tenant, scopes } };
  const row = await presentedKey(env.DB, id);
  if (row === null || row.tenant !== tenant) return { ok: false, ended: "revoked" };
  const ended = endOf(row);
  if (ended !== null) return { ok: false, ended };
  return { ok: true, principal: { ...(await holderOf(env, row)), scopes } };
}

export const hasEnded = (ended: KeyEnd): string =>
  ended === "revoked" ? "has been revoked" : "has expired";
