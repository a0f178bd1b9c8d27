/** Uploads that tasks of the tenant may use as {"r2": "<key>"}. */
import { Type } from "@sinclair/typebox";
import { json, operation } from "../../http/operation.ts";
import { Count } from "../../http/values.ts";

const InputResponse = Type.Object(
  { key: Type.String(), bytes: Count, sha256: Type.String() },
  { $id: "Input" },
);

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
