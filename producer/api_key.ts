/**
 * An API key is `<id>.<secret>`: the id finds the row, the secret is 32 random bytes that are shown once.
 * D1 holds its SHA-256 alone; a slow hash would add nothing to a secret that nobody can guess.
 */
import { type Static, Type } from "@sinclair/typebox";
import { newKeyId } from "../shared/ids.ts";
import { keyLimits, taskLimits } from "../shared/limits.ts";
import { hex } from "../shared/objects.ts";
import type { ApiKeyRow } from "../shared/store/api_keys.ts";
import { DurableTask } from "../shared/task.ts";
import { scopes } from "./principal.ts";
import { isoOrNull, isoTime } from "./view.ts";

const strict = { additionalProperties: false } as const;

/** What a key is made from. */
export const NewKey = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: taskLimits.keyCharsMax }),
    tenant: Type.Optional(Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,62}$" })),
    scopes: Type.Optional(
      Type.Array(Type.Union(scopes.map((scope) => Type.Literal(scope))), {
        minItems: 1,
        uniqueItems: true,
      }),
    ),
    expires_at: Type.Optional(DurableTask.properties.expires_at),
    requests_per_minute: Type.Optional(
      Type.Integer({ minimum: 1, maximum: keyLimits.requestsPerMinuteMax }),
    ),
    backlog: Type.Optional(Type.Integer({ minimum: 1, maximum: keyLimits.backlogMax })),
    defaults: Type.Optional(Type.Pick(DurableTask, keyDefaults(), strict)),
  },
  strict,
);
export type NewKey = Static<typeof NewKey>;

/** Task fields that a key may set for requests in OpenAI's shape, which has no place for them. */
function keyDefaults() {
  return [
    "model",
    "fallback_models",
    "sampling",
    "tools",
    "policy",
    "sandbox",
    "limits",
    "attempts",
    "labels",
    "priority",
  ] as const;
}

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
