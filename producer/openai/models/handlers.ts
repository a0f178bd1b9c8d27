/** Models: list, read. */
import { listedModels } from "../../../shared/models/profiles.ts";
import { err, ok } from "../../../shared/result.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { buildCheckScope } from "../../tasks/check/check_scope.ts";
import * as operations from "./operations.ts";
import type { OpenAiModel, OpenAiModels } from "./responses.ts";

/** `@cf/zai-org/glm-5.2` is owned by zai-org; models of other endpoints are owned by the fleet. */
const modelObject = (id: string): OpenAiModel => ({
  id,
  object: "model",
  created: 0,
  owned_by: /^@cf\/([^/]+)\//.exec(id)?.[1] ?? "flotilla",
});

/** The fleet's default, then the priced models of Workers AI if it is bound. */
const handleListModels: Handler = async ({ env }) => {
  const hostedModels = env.WORKERS_AI === "bound" ? listedModels : [];
  const ids = [...new Set([env.MODEL, ...hostedModels])];
  const models: OpenAiModels = { object: "list", data: ids.map(modelObject) };
  return ok(Response.json(models));
};

/** The fleet cannot know which models an endpoint serves, so any id that would be sent to it exists. */
const handleGetModel: Handler = async ({ env, principal, param }) => {
  const id = param("model");
  const modelCheck = buildCheckScope(env, principal).checkModel(id);
  if (modelCheck.ok) return ok(Response.json(modelObject(id)));
  return err({ kind: "not_found", message: modelCheck.error });
};

export const openAiModelRoutes: readonly Route[] = [
  route(operations.listModels, handleListModels),
  route(operations.getModel, handleGetModel),
];
