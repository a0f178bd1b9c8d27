/** API keys: create, list, revoke. The operator's key manages all tenants, other admins only their own. */

import { Value } from "@sinclair/typebox/value";
import { isKeyId } from "../../../shared/identity/ids.ts";
import { NewKey } from "../../../shared/identity/new_key.ts";
import { keyLimits, storeLimits } from "../../../shared/limits.ts";
import { err, ok } from "../../../shared/result.ts";
import { insertApiKey, listApiKeys, revokeApiKey } from "../../../shared/store/keys/api_keys.ts";
import { createKey, keyView } from "../../auth/api_key.ts";
import type { Principal, Scope } from "../../auth/principal.ts";
import { readJson } from "../../http/body.ts";
import { invalidField, notFound } from "../../http/problem.ts";
import { pageOf, readQuery } from "../../http/query.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { taskProblem } from "../../tasks/check/check.ts";
import { explain } from "../../tasks/check/explain.ts";
import { invalidTime, parseTime } from "../../tasks/check/task_rules.ts";
import * as operations from "./operations.ts";

/** The tenant whose keys the caller may see; null: all tenants. */
const visibleTenant = ({ tenant, isOperator }: Principal): string | null =>
  isOperator === true ? null : tenant;

const defaultScopes: readonly Scope[] = ["submit", "read"];

const handleCreateKey: Handler = async ({ request, env, principal }) => {
  const body = await readJson(request, { bytesMax: keyLimits.bodyBytesMax });
  if (!body.ok) return body;
  if (!Value.Check(NewKey, body.value)) return err(taskProblem(explain(NewKey, body.value)));
  const fields = body.value;
  const tenant = fields.tenant ?? principal.tenant;
  if (principal.isOperator !== true && tenant !== principal.tenant) {
    return err(invalidField("tenant", "only FLEET_API_KEY can create keys for other tenants"));
  }
  const expires = parseTime(fields.expires_at);
  if (Number.isNaN(expires)) return err(invalidField("expires_at", invalidTime));
  if (expires !== null && !(expires > Date.now())) {
    return err(invalidField("expires_at", "is in the past: use a future time"));
  }
  const { id, key, sha256 } = await createKey();
  const row = {
    ...{ id, tenant, name: fields.name },
    secret_sha256: sha256,
    scopes: JSON.stringify(fields.scopes ?? defaultScopes),
    requests_per_minute: fields.requests_per_minute ?? null,
    backlog: fields.backlog ?? null,
    defaults: JSON.stringify(fields.defaults ?? {}),
    expires_at: expires,
  };
  await insertApiKey(env.DB, row);
  const newRow = { ...row, created_at: Date.now(), revoked_at: null, last_used_at: null };
  return ok(Response.json({ ...keyView(newRow), key }, { status: 201 }));
};

const handleListKeys: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.KeyQuery, url.searchParams);
  if (!query.ok) return query;
  const { cursor = null } = query.value;
  const limit = storeLimits.pageRowsMax;
  const rows = await listApiKeys(env.DB, visibleTenant(principal), cursor, limit);
  const { page, next_cursor } = pageOf(rows, limit);
  return ok(Response.json({ keys: page.map(keyView), next_cursor }));
};

const handleRevokeKey: Handler = async ({ env, principal, param }) => {
  const id = param("id");
  const row = isKeyId(id) ? await revokeApiKey(env.DB, visibleTenant(principal), id) : null;
  return row === null ? err(notFound("key")) : ok(Response.json(keyView(row)));
};

export const keyRoutes: readonly Route[] = [
  route(operations.createKey, handleCreateKey),
  route(operations.listKeys, handleListKeys),
  route(operations.revokeKey, handleRevokeKey),
];
