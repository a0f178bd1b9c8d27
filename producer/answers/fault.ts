/** One fault in a body or a query: where, and what to write instead. `line` counts NDJSON lines from 1. */
import { type Static, Type } from "@sinclair/typebox";

export const Fault = Type.Object(
  {
    line: Type.Optional(Type.Integer({ minimum: 1 })),
    path: Type.String(),
    message: Type.String(),
  },
  { $id: "Fault", essential: ["message"] },
);
export type Fault = Static<typeof Fault>;
