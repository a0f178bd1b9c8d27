/**
 * Cloudflare Access: its signed assertion replaces a key. It is verified here, because the Worker may also be
 * reachable at an address that Access does not protect. An incomplete configuration rejects every caller:
 * without an audience, assertions for any application of the team would be valid.
 */
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { accessLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import { isScope, type Principal, type Scope } from "./principal.ts";

export const assertionHeader = "cf-access-jwt-assertion";

type AccessEnv = Pick<
  ProducerEnv,
  "ACCESS_TEAM_DOMAIN" | "ACCESS_AUD" | "ACCESS_TENANT" | "ACCESS_SCOPES"
>;

export const isAccessConfigured = (env: AccessEnv): boolean =>
  Boolean(env.ACCESS_TEAM_DOMAIN) || Boolean(env.ACCESS_AUD);

export async function verifyAccess(
  assertion: string,
  env: AccessEnv,
): Promise<Result<Principal, Problem>> {
  const settings = settingsOf(env);
  if (settings === null) {
    const message =
      "the configuration of Cloudflare Access is invalid: set both ACCESS_TEAM_DOMAIN (such as team.cloudflareaccess.com) and ACCESS_AUD, and use only submit, read and admin in ACCESS_SCOPES";
    return err({ kind: "unavailable", message });
  }
  try {
    await jwtVerify(assertion, keySetOf(settings.issuer), {
      issuer: settings.issuer,
      audience: settings.audience,
      algorithms: ["RS256"],
      requiredClaims: ["exp", "iat", "sub"],
      clockTolerance: accessLimits.clockSkewSeconds,
    });
    return ok({ tenant: settings.tenant, scopes: settings.scopes });
  } catch (error) {
    // The caller is not at fault if the signing keys cannot be fetched.
    if (!(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout) {
      const message = "the signing keys of Cloudflare Access could not be fetched: retry soon";
      return err({ kind: "unavailable", message });
    }
    const message =
      "invalid Cloudflare Access assertion: sign in again; if that fails, compare ACCESS_TEAM_DOMAIN and ACCESS_AUD with the Access application";
    return err({ kind: "unauthorized", message, presented: true });
  }
}

interface Settings {
  issuer: string;
  audience: string;
  tenant: string;
  scopes: Scope[];
}

function settingsOf(env: AccessEnv): Settings | null {
  const team = env.ACCESS_TEAM_DOMAIN ?? "";
  const scopes = (env.ACCESS_SCOPES ?? "read,submit").split(",").map((scope) => scope.trim());
  if (!/^[a-z0-9-]+\.cloudflareaccess\.com$/.test(team) || !env.ACCESS_AUD) return null;
  if (!scopes.every(isScope)) return null;
  const tenant = env.ACCESS_TENANT || "default";
  return { issuer: `https://${team}`, audience: env.ACCESS_AUD, tenant, scopes };
}

/** Signing keys by issuer, fetched on first use and cached by the isolate. */
const keySets = new Map<string, JWTVerifyGetKey>();

function keySetOf(issuer: string): JWTVerifyGetKey {
  let keys = keySets.get(issuer);
  if (keys === undefined) {
    keys = createRemoteJWKSet(new URL(`${issuer}/cdn-cgi/access/certs`), {
      timeoutDuration: accessLimits.keysFetchMsMax,
      cooldownDuration: accessLimits.keysFetchPauseMs,
      cacheMaxAge: accessLimits.keysCacheMs,
      [customFetch]: (url, { headers, signal }) =>
        fetch(url, { method: "GET", headers, signal, redirect: "manual" }),
    });
    keySets.set(issuer, keys);
  }
  return keys;
}
