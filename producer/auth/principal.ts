/** Who a request comes from, once that is known, and what it may do. */
import { type Scope, scopes } from "../../shared/new_key.ts";

export { type Scope, scopes };
export const isScope = (text: string): text is Scope =>
  (scopes as readonly string[]).includes(text);

/** The same letters as in R2 keys, where it stands. */
export const isTenant = (value: unknown): value is string =>
  typeof value === "string" && /^[a-z0-9][a-z0-9_-]{0,62}$/.test(value);

/** The tenant of the fleet's own key. Its admins may touch what all tenants share. */
export const operatorTenant = "default";

export interface Principal {
  tenant: string;
  scopes: readonly Scope[];
  /** True for the fleet's own key, whose holder may make keys for any tenant. */
  operator?: boolean;
  /** The key of `api_keys` that was presented, and what it limits. */
  key?: { id: string; requestsPerMinute: number | null; backlog: number | null; defaults: string };
}
