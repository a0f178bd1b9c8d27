/** API keys: make, list, revoke. The fleet's own key sees all tenants, every other admin its own. */
import { Value } from "@sinclair/typebox/value";
import { isKeyId } from "../../../shared/ids.ts";
import { keyLimits, storeLimits } from "../../../shared/limits.ts";
import { NewKey } from "../../../shared/new_key.ts";
import { err, ok } from "../../../shared/result.ts";
import { insertApiKey, listApiKeys, revokeApiKey } from "../../../shared/store/api_keys.ts";
import { keyView, makeKey } from "../../auth/api_key.ts";
import type { Principal, Scope } from "../../auth/principal.ts";
import { readJson } from "../../http/body.ts";
import { type Handler, type Route, route } from "../../http/call.ts";
import { notFound, refusedAt } from "../../http/problem.ts";
import { paged, readQuery } from "../../http/query.ts";
import { refusedTask } from "../../tasks/check.ts";
import { explain } from "../../tasks/explain.ts";
import * as operations from "../operations.ts";

/** The tenant that a caller sees the keys of; null is all of them. */
const seen = ({ tenant, operator }: Principal): string | null =>
  operator === true ? null : tenant;

const everyday: readonly Scope[] = ["submit", "read"];

const post: Handler = async ({ request, env, principal }) => {
  const body = await readJson(request, { bytesMax: keyLimits.bodyBytesMax });
  if (!body.ok) return body;
  if (!Value.Check(NewKey, body.value)) return err(refusedTask(explain(NewKey, body.value)));
  const wanted = body.value;
  const tenant = wanted.tenant ?? principal.tenant;
  if (principal.operator !== true && tenant !== principal.tenant) {
    return err(refusedAt("tenant", "only the fleet's own key makes keys for another tenant"));
  }
  const expires = wanted.expires_at === undefined ? null : Date.parse(wanted.expires_at);
  if (expires !== null && !(expires > Date.now())) {
    return err(refusedAt("expires_at", "write a time that lies ahead"));
  }
  const { id, key, sha256 } = await makeKey();
  const row = {
    ...{ id, tenant, name: wanted.name },
    secret_sha256: sha256,
    scopes: JSON.stringify(wanted.scopes ?? everyday),
    requests_per_minute: wanted.requests_per_minute ?? null,
    backlog: wanted.backlog ?? null,
    defaults: JSON.stringify(wanted.defaults ?? {}),
    expires_at: expires,
  };
  await insertApiKey(env.DB, row);
  const made = { ...row, created_at: Date.now(), revoked_at: null, last_used_at: null };
  return ok(Response.json({ ...keyView(made), key }, { status: 201 }));
};

const list: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.KeyQuery, url.searchParams);
  if (!query.ok) return query;
  const { cursor = null } = query.value;
  const limit = storeLimits.pageRowsMax;
  const { page, next_cursor } = paged(
    await listApiKeys(env.DB, seen(principal), cursor, limit),
    limit,
  );
  return ok(Response.json({ keys: page.map(keyView), next_cursor }));
};

const revoke: Handler = async ({ env, principal, param }) => {
  const id = param("id");
  const row = isKeyId(id) ? await revokeApiKey(env.DB, seen(principal), id) : null;
  return row === null ? err(notFound("key")) : ok(Response.json(keyView(row)));
};

export const keyRoutes: readonly Route[] = [
  route(operations.createKey, post),
  route(operations.listKeys, list),
  route(operations.revokeKey, revoke),
];
