/** The account's other services, by the name of their binding: where a policy's rule with `route` may go. */
import type { Policy } from "../../policies/schema.ts";
import { isFleetOwn } from "../tools/bindings.ts";

export type Service = Pick<Fetcher, "fetch">;

/** Workers AI and the browser answer to `fetch` too; they are for the models and for their own tools. */
const noServices = new Set(["AI", "BROWSER"]);

export function servicesIn(env: object): Record<string, Service> {
  const found = Object.entries(env).filter(
    (entry): entry is [string, Service] =>
      !noServices.has(entry[0]) && !isFleetOwn(entry[0]) && isService(entry[1]),
  );
  return Object.fromEntries(found);
}

/** A stub answers to any name, so what is known to be something else is ruled out first. */
function isService(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return value.constructor?.name === "Fetcher";
}

/** Binding to origin, for the rules of a policy that name one host and a binding that serves it. */
export function routedOrigins(
  policy: Policy | null,
  services: Readonly<Record<string, Service>>,
): ReadonlyMap<string, string> {
  const origins = new Map<string, string>();
  for (const { route, host, schemes, port } of policy?.rules ?? []) {
    if (route === undefined || host.includes("*") || !Object.hasOwn(services, route)) continue;
    const scheme = schemes === undefined || schemes.includes("https") ? "https" : "http";
    const origin = URL.parse(`${scheme}://${host}${port === undefined ? "" : `:${port}`}`)?.origin;
    if (origin !== undefined && !origins.has(route)) origins.set(route, origin);
  }
  return origins;
}
