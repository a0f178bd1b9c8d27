/** A file in OpenAI's format. */
import { type Static, Type } from "@sinclair/typebox";
import { Count, oneOf } from "../../http/values.ts";
import { pageFields, Seconds } from "../list_page.ts";

export const OpenAiFile = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal("file"),
    bytes: Count,
    created_at: Seconds,
    expires_at: Type.Optional(Seconds),
    filename: Type.String(),
    purpose: oneOf(["batch", "batch_output"]),
    status: Type.Literal("processed"),
  },
  { $id: "OpenAiFile" },
);
export type OpenAiFile = Static<typeof OpenAiFile>;

export const OpenAiFilePage = Type.Object({ ...pageFields, data: Type.Array(OpenAiFile) });

export const DeletedOpenAiFile = Type.Object(
  { id: Type.String(), object: Type.Literal("file"), deleted: Type.Literal(true) },
  { $id: "DeletedOpenAiFile" },
);
export type DeletedOpenAiFile = Static<typeof DeletedOpenAiFile>;
