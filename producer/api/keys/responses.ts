/** An API key without its secret, and once, when it is created, with it. */
import { type Static, Type } from "@sinclair/typebox";
import { scopes } from "../../../shared/identity/scopes.ts";
import { Count, NextCursor, oneOf, orNull, Time } from "../../http/values.ts";

const keyFields = {
  id: Type.String(),
  name: Type.String(),
  tenant: Type.String(),
  scopes: Type.Array(oneOf(scopes)),
  requests_per_minute: orNull(Count),
  backlog: orNull(Count),
  defaults: Type.Object({}),
  created_at: Time,
  expires_at: orNull(Time),
  revoked_at: orNull(Time),
  last_used_at: orNull(Time),
};

export const KeyResponse = Type.Object(keyFields, {
  $id: "Key",
  essential: ["id", "name", "tenant", "scopes"],
});
export type KeyResponse = Static<typeof KeyResponse>;

export const CreatedKey = Type.Object(
  { ...keyFields, key: Type.String() },
  { $id: "CreatedKey", essential: ["id", "name", "tenant", "scopes", "key"] },
);
export const KeyPage = Type.Object({ keys: Type.Array(KeyResponse), next_cursor: NextCursor });
