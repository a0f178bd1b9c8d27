/** Erases a tenant for the fleet's operator. */
import { err, ok } from "../../../shared/result.ts";
import { isTenant, operatorTenant } from "../../auth/principal.ts";
import { invalidField } from "../../http/problem.ts";
import { readQuery } from "../../http/query.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { eraseStep, leftAfterErasure } from "../../tenants/erase.ts";
import * as operations from "./operations.ts";
import type { EraseResponse } from "./responses.ts";

const handleErase: Handler = async ({ env, principal, param, url }) => {
  if (principal.tenant !== operatorTenant) {
    const message = `only the operator erases tenants: use an admin key of the tenant ${operatorTenant}`;
    return err({ kind: "forbidden", message });
  }
  const tenant = param("id");
  if (!isTenant(tenant)) return err(invalidField("id", "is not the name of a tenant"));
  const query = readQuery(operations.EraseQuery, url.searchParams);
  if (!query.ok) return query;
  const step = await eraseStep(env, tenant, query.value.cursor ?? "");
  if (step === null) return err(invalidField("cursor", "is not one that this call returned"));
  const body: EraseResponse = {
    rows: step.rows,
    objects: step.objects,
    next_cursor: step.cursor,
    left: step.cursor === null ? [...leftAfterErasure] : [],
  };
  return ok(Response.json(body));
};

export const tenantRoutes: readonly Route[] = [route(operations.eraseTenant, handleErase)];
