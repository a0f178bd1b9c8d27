/** Whether the fleet is paused, which models are, and since when. */
import { type Static, Type } from "@sinclair/typebox";
import { orNull, Time } from "../../http/values.ts";

export const PauseResponse = Type.Object(
  {
    paused: Type.Boolean(),
    since: orNull(Time),
    models: Type.Array(Type.Object({ model: Type.String(), since: Time })),
  },
  { $id: "Paused", essential: ["models"] },
);
export type PauseResponse = Static<typeof PauseResponse>;
