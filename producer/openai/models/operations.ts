/** Models: list, read. */
import { json } from "../../http/operation.ts";
import { openAiOperation } from "../openai_operation.ts";
import { OpenAiModel, OpenAiModels } from "./responses.ts";

export const listModels = openAiOperation({
  id: "listOpenAiModels",
  method: "GET",
  path: "/openai/v1/models",
  scope: "read",
  summary: "Lists the models with a known name, the fleet's default first.",
  responses: { 200: json(OpenAiModels) },
});

export const getModel = openAiOperation({
  id: "getOpenAiModel",
  method: "GET",
  path: "/openai/v1/models/:model",
  scope: "read",
  summary: "Returns a model that requests may name.",
  responses: { 200: json(OpenAiModel) },
});
