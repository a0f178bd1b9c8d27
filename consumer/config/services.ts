/** The account's other services by binding name: the targets of policy rules with `route`. */
import type { Policy } from "../../policies/schema.ts";
import { isReservedBinding } from "../tools/bindings.ts";

export type Service = Pick<Fetcher, "fetch">;

/** Workers AI and the browser have a `fetch` too, but only the models and their own tools use them. */
const notServices = new Set(["AI", "BROWSER"]);

export function findServices(env: object): Record<string, Service> {
  const services = Object.entries(env).filter(
    (entry): entry is [string, Service] =>
      !notServices.has(entry[0]) && !isReservedBinding(entry[0]) && isFetcher(entry[1]),
  );
  return Object.fromEntries(services);
}

/** A stub seems to have every method, so only its class name can identify it. */
function isFetcher(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return value.constructor?.name === "Fetcher";
}

/** Binding to origin, for rules that name one host and a service that serves it. */
export function routedOrigins(
  policy: Policy,
  services: Readonly<Record<string, Service>>,
): ReadonlyMap<string, string> {
  const origins = new Map<string, string>();
  for (const { route, host, schemes, port } of policy.rules) {
    if (route === undefined || host.includes("*") || !Object.hasOwn(services, route)) continue;
    const scheme = schemes === undefined || schemes.includes("https") ? "https" : "http";
    const origin = URL.parse(`${scheme}://${host}${port === undefined ? "" : `:${port}`}`)?.origin;
    if (origin !== undefined && !origins.has(route)) origins.set(route, origin);
  }
  return origins;
}
