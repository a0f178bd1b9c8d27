/**
 * Cloudflare Access in front of the fleet: its signed assertion stands in place of a key. It is verified
 * here, because a Worker's address can be reached beside the one that Access guards. Half a configuration
 * refuses everybody: a team without an audience would let in every application of that team.
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

/** Whether people may come through Access at all. */
export const accessConfigured = (env: AccessEnv): boolean =>
  Boolean(env.ACCESS_TEAM_DOMAIN) || Boolean(env.ACCESS_AUD);

/** The caller whom Access vouches for. */
export async function verifyAccess(
  assertion: string,
  env: AccessEnv,
): Promise<Result<Principal, Problem>> {
  const settings = settingsOf(env);
  if (settings === null) {
    const message =
      "Cloudflare Access is configured by half: set both ACCESS_TEAM_DOMAIN (such as team.cloudflareaccess.com) and ACCESS_AUD, and let ACCESS_SCOPES name only submit, read and admin";
    return err({ kind: "unavailable", message });
  }
  try {
    await jwtVerify(assertion, keysOf(settings.issuer), {
      issuer: settings.issuer,
      audience: settings.audience,
      algorithms: ["RS256"],
      requiredClaims: ["exp", "iat", "sub"],
      clockTolerance: accessLimits.clockSeconds,
    });
    return ok({ tenant: settings.tenant, scopes: settings.scopes });
  } catch (error) {
    // Keys that cannot be had say nothing of the caller.
    if (!(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout) {
      const message = "the keys of Cloudflare Access cannot be had: try again shortly";
      return err({ kind: "unavailable", message });
    }
    const message =
      "this assertion of Cloudflare Access does not hold: sign in again, and if that does not help, compare ACCESS_TEAM_DOMAIN and ACCESS_AUD with the application's";
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

/** The team's keys, fetched when first needed and kept by the isolate. */
const teams = new Map<string, JWTVerifyGetKey>();

function keysOf(issuer: string): JWTVerifyGetKey {
  let keys = teams.get(issuer);
  if (keys === undefined) {
    keys = createRemoteJWKSet(new URL(`${issuer}/cdn-cgi/access/certs`), {
      timeoutDuration: accessLimits.keysMsMax,
      cooldownDuration: accessLimits.keysPauseMs,
      cacheMaxAge: accessLimits.keysKeptMs,
      [customFetch]: (url, { headers, signal }) =>
        fetch(url, { method: "GET", headers, signal, redirect: "manual" }),
    });
    teams.set(issuer, keys);
  }
  return keys;
}
