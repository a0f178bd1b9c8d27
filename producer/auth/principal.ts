/** The authenticated caller of a request and its rights. */
import { type Scope, scopes } from "../../shared/identity/scopes.ts";

export { type Scope, scopes };
export const isScope = (text: string): text is Scope =>
  (scopes as readonly string[]).includes(text);

/** Allows only characters that are valid in R2 keys, because the tenant is part of them. */
export const isTenant = (value: unknown): value is string =>
  typeof value === "string" && /^[a-z0-9][a-z0-9_-]{0,62}$/.test(value);

/** The tenant of FLEET_API_KEY. Its admins may change what all tenants share. */
export const operatorTenant = "default";

export interface Principal {
  tenant: string;
  scopes: readonly Scope[];
  /** True for FLEET_API_KEY, which may create keys for any tenant. */
  isOperator?: boolean;
  /** The presented key of `api_keys` and its limits. */
  key?: { id: string; requestsPerMinute: number | null; backlog: number | null; defaults: string };
}
