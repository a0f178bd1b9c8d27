/** Uploads that tasks of the tenant may use as {"r2": "<key>"}. */
import { type Static, Type } from "@sinclair/typebox";
import { storeLimits } from "../../../shared/limits.ts";
import { json, operation } from "../../http/operation.ts";
import { Count, cursorOf, limitUpTo, NextCursor, strict, Time } from "../../http/values.ts";

const InputResponse = Type.Object(
  { key: Type.String(), bytes: Count, sha256: Type.String() },
  { $id: "Input" },
);

const InputPage = Type.Object(
  {
    inputs: Type.Array(Type.Object({ key: Type.String(), bytes: Count, uploaded_at: Time })),
    next_cursor: NextCursor,
  },
  { $id: "Inputs", essential: ["inputs", "next_cursor"] },
);
export type InputPage = Static<typeof InputPage>;

export const InputQuery = Type.Partial(
  Type.Object({
    prefix: Type.String({ maxLength: 512, description: "only keys that start with it" }),
    cursor: cursorOf("^[^\\u0000-\\u001f]{1,512}$"),
    limit: limitUpTo(storeLimits.pageRowsMax, storeLimits.pageRowsDefault),
  }),
  strict,
);

export const listInputs = operation({
  id: "listInputs",
  method: "GET",
  path: "/v1/inputs",
  scope: "read",
  summary: "Lists the uploads, ordered by key.",
  query: InputQuery,
  responses: { 200: json(InputPage) },
});

export const putInput = operation({
  id: "putInput",
  method: "PUT",
  path: "/v1/inputs/*",
  scope: "submit",
  summary: "Uploads an object that tasks can use as r2; it replaces an object with the same key.",
  body: { "application/octet-stream": Type.Uint8Array() },
  responses: { 200: json(InputResponse) },
  errors: ["refused"],
});

export const deleteInput = operation({
  id: "deleteInput",
  method: "DELETE",
  path: "/v1/inputs/*",
  scope: "submit",
  summary: "Deletes an upload permanently.",
  responses: { 200: json(Type.Object({ key: Type.String(), deleted: Type.Literal(true) })) },
  errors: ["refused"],
});
