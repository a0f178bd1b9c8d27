/**
 * An API key is `<id>.<secret>`: the id finds the row, the secret is 32 random bytes that are shown once.
 * D1 holds its SHA-256 alone; a slow hash would add nothing to a secret that nobody can guess.
 */
import { newKeyId } from "../../shared/ids.ts";
import { hex } from "../../shared/objects.ts";
import type { ApiKeyRow } from "../../shared/store/api_keys.ts";
import { isoOrNull, isoTime } from "../tasks/view.ts";

const secretBytes = 32;
const keyPattern = /^(key_[0-9a-hjkmnp-tv-z]{26})\.([A-Za-z0-9_-]{43})$/;

/** A key as its holder gets it, and the digest that is kept. */
export async function makeKey(): Promise<{ id: string; key: string; sha256: string }> {
  const id = newKeyId();
  const secret = crypto
    .getRandomValues(new Uint8Array(secretBytes))
    .toBase64({ alphabet: "base64url", omitPadding: true });
  return { id, key: `${id}.${secret}`, sha256: await digestOf(secret) };
}

/** The parts of a presented key; null where it has not the shape of one. */
export function partsOf(presented: string): { id: string; secret: string } | null {
  const [, id, secret] = keyPattern.exec(presented) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

const encoder = new TextEncoder();

export async function digestOf(text: string): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}

/** Compares two texts of one length in constant time. */
export function sameText(given: string, expected: string): boolean {
  const [a, b] = [encoder.encode(given), encoder.encode(expected)];
  return a.byteLength === b.byteLength && crypto.subtle.timingSafeEqual(a, b);
}

/** What a listing shows of a key: everything but its secret and the digest. */
export function keyView(row: ApiKeyRow): Record<string, unknown> {
  return {
    id: row.id,
    name: row.name,
    tenant: row.tenant,
    scopes: JSON.parse(row.scopes) as unknown,
    requests_per_minute: row.requests_per_minute,
    backlog: row.backlog,
    defaults: JSON.parse(row.defaults) as unknown,
    created_at: isoTime(row.created_at),
    expires_at: isoOrNull(row.expires_at),
    revoked_at: isoOrNull(row.revoked_at),
    last_used_at: isoOrNull(row.last_used_at),
  };
}
