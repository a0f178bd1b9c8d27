/** The steps of an erasure. */
import { type Static, Type } from "@sinclair/typebox";
import { Count, orNull } from "../../http/values.ts";

export const EraseResponse = Type.Object(
  {
    rows: Count,
    objects: Count,
    next_cursor: orNull(Type.String()),
    left: Type.Array(Type.String(), {
      description: "once nothing is left to remove: what the fleet cannot remove, and until when",
    }),
  },
  { $id: "TenantErased", essential: ["next_cursor"] },
);
export type EraseResponse = Static<typeof EraseResponse>;
