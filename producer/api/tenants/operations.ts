/** Erasure of a tenant. */
import { Type } from "@sinclair/typebox";
import { json, operation } from "../../http/operation.ts";
import { cursorOf, strict } from "../../http/values.ts";
import { EraseResponse } from "./responses.ts";

/** A step, then where it continues. */
const cursorPattern = "^[a-z_ ]{1,40}:[^\\u0000-\\u001f]*$";

export const EraseQuery = Type.Partial(Type.Object({ cursor: cursorOf(cursorPattern) }), strict);

export const eraseTenant = operation({
  id: "eraseTenant",
  method: "POST",
  path: "/v1/tenants/:id/erase",
  scope: "admin",
  summary: "Removes rows and objects of a tenant, one bounded step with each call.",
  query: EraseQuery,
  responses: { 200: json(EraseResponse) },
  errors: ["refused"],
});
