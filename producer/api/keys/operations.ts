/** API keys: create, list, revoke. */
import { Type } from "@sinclair/typebox";
import { keyIdPattern } from "../../../shared/identity/ids.ts";
import { NewKey } from "../../../shared/identity/new_key.ts";
import { json, operation } from "../../http/operation.ts";
import { cursorOf, strict } from "../../http/values.ts";
import { CreatedKey, KeyPage, KeyResponse } from "./responses.ts";

export const createKey = operation({
  id: "createKey",
  method: "POST",
  path: "/v1/keys",
  scope: "admin",
  summary: "Creates an API key. The key is shown only once.",
  body: json(NewKey),
  responses: { 201: json(CreatedKey) },
});

export const KeyQuery = Type.Partial(Type.Object({ cursor: cursorOf(keyIdPattern) }), strict);

export const listKeys = operation({
  id: "listKeys",
  method: "GET",
  path: "/v1/keys",
  scope: "admin",
  summary: "Lists API keys without their secrets, newest first.",
  query: KeyQuery,
  responses: { 200: json(KeyPage) },
});

export const revokeKey = operation({
  id: "revokeKey",
  method: "DELETE",
  path: "/v1/keys/:id",
  scope: "admin",
  summary: "Revokes an API key permanently.",
  responses: { 200: json(KeyResponse) },
});
