/** Restores of the database, and what they set aside. */
import { type Static, Type } from "@sinclair/typebox";
import { Count, orNull, Time } from "../../http/values.ts";

export const RestoreResponse = Type.Object(
  {
    epoch: Count,
    restored_at: orNull(Time),
    parking: Type.Boolean({ description: "whether tasks are still being set aside" }),
  },
  { $id: "Restore", essential: ["restored_at"] },
);
export type RestoreResponse = Static<typeof RestoreResponse>;

export const ResumeResponse = Type.Object(
  { resumed: Count, next_cursor: orNull(Type.String()) },
  { $id: "RestoreResumed", essential: ["resumed"] },
);
export type ResumeResponse = Static<typeof ResumeResponse>;
