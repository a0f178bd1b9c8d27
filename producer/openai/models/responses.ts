/** A model in OpenAI's format. The list has no pages. */
import { type Static, Type } from "@sinclair/typebox";
import { Seconds } from "../list_page.ts";

export const OpenAiModel = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal("model"),
    created: Seconds,
    owned_by: Type.String(),
  },
  { $id: "OpenAiModel" },
);
export type OpenAiModel = Static<typeof OpenAiModel>;

export const OpenAiModels = Type.Object({
  object: Type.Literal("list"),
  data: Type.Array(OpenAiModel),
});
export type OpenAiModels = Static<typeof OpenAiModels>;
