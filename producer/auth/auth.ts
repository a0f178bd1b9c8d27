/**
 * Who calls: by the fleet's own key, by a key of `api_keys`, or by what Cloudflare Access signed. Secrets
 * are compared by their digests, in constant time, and never logged.
 */

import { err, ok, type Result } from "../../shared/result.ts";
import { hasApiKeys, presentedKey } from "../../shared/store/api_keys.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import { accessConfigured, assertionHeader, verifyAccess } from "./access.ts";
import { digestOf, partsOf, sameText } from "./api_key.ts";
import { endOf, hasEnded, holderOf } from "./key_validity.ts";
import { operatorTenant, type Principal, type Scope, scopes } from "./principal.ts";

export type { Principal, Scope } from "./principal.ts";

/** The caller of a request, or why there is none. Rejects when D1 does not answer. */
export async function authenticate(
  request: Request,
  env: ProducerEnv,
): Promise<Result<Principal, Problem>> {
  const header = request.headers.get("authorization");
  const assertion = request.headers.get(assertionHeader);
  if (header === null && assertion !== null && accessConfigured(env)) {
    return fromOtherSite(request) ? err(crossSite) : verifyAccess(assertion, env);
  }
  const presented = /^Bearer +([^\s]+)$/i.exec(header ?? "")?.[1] ?? "";
  const configured = env.FLEET_API_KEY ?? "";
  const [given, expected] = await Promise.all([digestOf(presented), digestOf(configured)]);
  if (configured !== "" && sameText(given, expected)) {
    return ok({ tenant: operatorTenant, scopes, operator: true });
  }
  const parts = partsOf(presented);
  if (parts !== null) return byKey(env, parts);
  if (configured === "" && !accessConfigured(env) && !(await hasApiKeys(env.DB))) {
    return err(keyless);
  }
  return err(presented === "" ? unnamed : unknown);
}

const keyless = {
  kind: "unavailable",
  message: "this fleet has no API key: set the secret FLEET_API_KEY (npm run deploy sets it)",
} as const;
const unnamed = {
  kind: "unauthorized",
  message: "send the header Authorization: Bearer <key>",
} as const;
const unknown = {
  kind: "unauthorized",
  message: "this key is not known",
  presented: true,
} as const;
const crossSite = {
  kind: "forbidden",
  message:
    "a request that another site's page makes is not taken: use the fleet's own page or a key",
} as const;

/** An id that nobody knows is compared too, so that it takes as long as one that somebody does. */
async function byKey(
  env: ProducerEnv,
  { id, secret }: { id: string; secret: string },
): Promise<Result<Principal, Problem>> {
  const row = await presentedKey(env.DB, id);
  const given = await digestOf(secret);
  if (!sameText(given, row?.secret_sha256 ?? "0".repeat(given.length)) || row === null) {
    return err(unknown);
  }
  // Only the holder of the right secret learns what became of the key.
  const ended = endOf(row);
  if (ended !== null) {
    const message = `this key ${hasEnded(ended)}: ask for another`;
    return err({ kind: "unauthorized", message, presented: true });
  }
  return ok(await holderOf(env, row));
}

/** Access signs whatever a browser with its cookie sends, also what a stranger's page makes it send. */
function fromOtherSite(request: Request): boolean {
  if (request.method === "GET" || request.method === "HEAD") return false;
  const site = request.headers.get("sec-fetch-site");
  return site === null || !["same-origin", "none"].includes(site);
}

/** A principal that lacks the scope is told which one is missing. */
export function permit(principal: Principal, scope: Scope): Result<Principal, Problem> {
  if (principal.scopes.includes(scope)) return ok(principal);
  return err({ kind: "forbidden", message: `this key lacks the scope "${scope}"` });
}
