/** Who calls. A key is compared by its digest, in constant time; it is never logged. */
import type { ProducerEnv } from "./env.ts";
import { done, type Outcome, stopped } from "./problem.ts";

export type Scope = "submit" | "read" | "admin";

export interface Principal {
  tenant: string;
  scopes: readonly Scope[];
}

const encoder = new TextEncoder();
const digest = (text: string) => crypto.subtle.digest("SHA-256", encoder.encode(text));

/** The caller behind `Authorization: Bearer <key>`, or why there is none. */
export async function authenticate(
  header: string | undefined,
  env: Pick<ProducerEnv, "FLEET_API_KEY">,
): Promise<Outcome<Principal>> {
  const configured = env.FLEET_API_KEY;
  if (configured === undefined || configured === "") {
    return stopped({
      kind: "unavailable",
      message: "this fleet has no API key: set the secret FLEET_API_KEY (npm run deploy sets it)",
    });
  }
  const presented = /^Bearer +([^\s]+)$/i.exec(header ?? "")?.[1];
  if (presented === undefined) {
    return stopped({
      kind: "unauthorized",
      message: "send the header Authorization: Bearer <key>",
    });
  }
  const [given, expected] = await Promise.all([digest(presented), digest(configured)]);
  if (!crypto.subtle.timingSafeEqual(given, expected)) {
    return stopped({ kind: "unauthorized", message: "this key is not known" });
  }
  return done({ tenant: "default", scopes: ["submit", "read", "admin"] });
}

/** A principal that lacks the scope is told which one is missing. */
export function permit(principal: Principal, scope: Scope): Outcome<Principal> {
  if (principal.scopes.includes(scope)) return done(principal);
  return stopped({ kind: "forbidden", message: `this key lacks the scope "${scope}"` });
}
