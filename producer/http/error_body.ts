/** One fault in a body or a query: where, and what to write instead. `line` counts NDJSON lines from 1. */
import { type Static, Type } from "@sinclair/typebox";

export const Fault = Type.Object(
  {
    line: Type.Optional(Type.Integer({ minimum: 1 })),
    path: Type.String(),
    message: Type.String(),
    code: Type.Optional(
      Type.String({ description: "OpenAI's word for it, in a batch of its shape" }),
    ),
  },
  { $id: "Fault", essential: ["message"] },
);
export type Fault = Static<typeof Fault>;
