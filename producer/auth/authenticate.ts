/**
 * Authenticates a request: by FLEET_API_KEY, by a key of `api_keys`, or by an assertion of Cloudflare Access.
 * Secrets are compared by their digests, in constant time, and never logged.
 */

import { err, ok, type Result } from "../../shared/result.ts";
import { hasApiKeys } from "../../shared/store/keys/api_keys.ts";
import { readPresentedKey } from "../../shared/store/keys/key_use.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import { assertionHeader, isAccessConfigured, verifyAccess } from "./access.ts";
import { digestOf, equalInConstantTime, parseKey } from "./api_key.ts";
import { keyEndOf, keyEndText, principalOf } from "./key_validity.ts";
import { operatorTenant, type Principal, type Scope, scopes } from "./principal.ts";

/** Rejects if D1 does not answer. */
export async function authenticate(
  request: Request,
  env: ProducerEnv,
): Promise<Result<Principal, Problem>> {
  const header = request.headers.get("authorization");
  const assertion = request.headers.get(assertionHeader);
  if (header === null && assertion !== null && isAccessConfigured(env)) {
    return isCrossSite(request) ? err(crossSite) : verifyAccess(assertion, env);
  }
  const bearer = /^Bearer +([^\s]+)$/i.exec(header ?? "")?.[1] ?? "";
  const fleetKey = env.FLEET_API_KEY ?? "";
  const [presentedDigest, expected] = await Promise.all([digestOf(bearer), digestOf(fleetKey)]);
  if (fleetKey !== "" && equalInConstantTime(presentedDigest, expected)) {
    return ok({ tenant: operatorTenant, scopes, isOperator: true });
  }
  const parts = parseKey(bearer);
  if (parts !== null) return authenticateKey(env, parts);
  if (fleetKey === "" && !isAccessConfigured(env) && !(await hasApiKeys(env.DB))) {
    return err(notConfigured);
  }
  return err(bearer === "" ? missingKey : unknownKey);
}

const notConfigured = {
  kind: "unavailable",
  message: "no API key is configured: set the secret FLEET_API_KEY (npm run deploy sets it)",
} as const;
const missingKey = {
  kind: "unauthorized",
  message: "missing key: send the header Authorization: Bearer <key>",
} as const;
const unknownKey = {
  kind: "unauthorized",
  message: "unknown API key: check the key, or ask an admin for a new one",
  presented: true,
} as const;
const crossSite = {
  kind: "forbidden",
  message: "cross-site request rejected: use the dashboard or an API key",
} as const;

/** An unknown id is also compared, so that it takes as long as a known one. */
async function authenticateKey(
  env: ProducerEnv,
  { id, secret }: { id: string; secret: string },
): Promise<Result<Principal, Problem>> {
  const row = await readPresentedKey(env.DB, id);
  const digest = await digestOf(secret);
  if (
    !equalInConstantTime(digest, row?.secret_sha256 ?? "0".repeat(digest.length)) ||
    row === null
  ) {
    return err(unknownKey);
  }
  // Only a caller with the right secret learns that the key has ended.
  const keyEnd = keyEndOf(row);
  if (keyEnd !== null) {
    const message = `this key ${keyEndText(keyEnd)}: ask an admin for a new one`;
    return err({ kind: "unauthorized", message, presented: true });
  }
  return ok(await principalOf(env, row));
}

/** Access signs every request of a browser with its cookie, including those that another site's page causes. */
function isCrossSite(request: Request): boolean {
  if (request.method === "GET" || request.method === "HEAD") return false;
  const site = request.headers.get("sec-fetch-site");
  return site === null || !["same-origin", "none"].includes(site);
}

export function requireScope(principal: Principal, scope: Scope): Result<Principal, Problem> {
  if (principal.scopes.includes(scope)) return ok(principal);
  return err({
    kind: "forbidden",
    message: `this key does not have the scope "${scope}": use a key that has it`,
  });
}
