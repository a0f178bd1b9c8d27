/**
 * An API key is `<id>.<secret>`: the id finds the row, the secret is 32 random bytes that are shown only once.
 * D1 stores only its SHA-256; a slow hash adds nothing to a secret of 256 random bits.
 */

import { hex } from "../../shared/files/objects.ts";
import { newKeyId } from "../../shared/identity/ids.ts";
import type { ApiKeyRow } from "../../shared/store/keys/api_keys.ts";
import type { KeyResponse } from "../api/keys/responses.ts";
import { isoOrNull, isoTime } from "../tasks/task_view.ts";

const secretBytes = 32;
const keyPattern = /^(key_[0-9a-hjkmnp-tv-z]{26})\.([A-Za-z0-9_-]{43})$/;

/** A new key, and the digest that is stored. */
export async function createKey(): Promise<{ id: string; key: string; sha256: string }> {
  const id = newKeyId();
  const secret = crypto
    .getRandomValues(new Uint8Array(secretBytes))
    .toBase64({ alphabet: "base64url", omitPadding: true });
  return { id, key: `${id}.${secret}`, sha256: await digestOf(secret) };
}

/** Null if the text does not have the format of a key. */
export function parseKey(text: string): { id: string; secret: string } | null {
  const [, id, secret] = keyPattern.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

const encoder = new TextEncoder();

export async function digestOf(text: string): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}

/** Constant time for texts of equal length. */
export function equalInConstantTime(candidate: string, expected: string): boolean {
  const [a, b] = [encoder.encode(candidate), encoder.encode(expected)];
  return a.byteLength === b.byteLength && crypto.subtle.timingSafeEqual(a, b);
}

/** The view of a key without its secret and its digest. */
export function keyView(row: ApiKeyRow): KeyResponse {
  return {
    id: row.id,
    name: row.name,
    tenant: row.tenant,
    scopes: JSON.parse(row.scopes) as KeyResponse["scopes"],
    requests_per_minute: row.requests_per_minute,
    backlog: row.backlog,
    defaults: JSON.parse(row.defaults) as object,
    created_at: isoTime(row.created_at),
    expires_at: isoOrNull(row.expires_at),
    revoked_at: isoOrNull(row.revoked_at),
    last_used_at: isoOrNull(row.last_used_at),
  };
}
