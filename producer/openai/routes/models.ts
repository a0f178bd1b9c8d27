/** The models that a line may name, for clients that look before they begin. */
import { listedModels } from "../../../shared/models/profiles.ts";
import { err, ok } from "../../../shared/result.ts";
import { type Handler, type Route, route } from "../../http/call.ts";
import { checkScope } from "../../tasks/check_scope.ts";
import type { OpenAiModel, OpenAiModels } from "../answers.ts";
import * as operations from "../operations.ts";

/** `@cf/zai-org/glm-5.2` is zai-org's; what an endpoint of the operator's serves is the fleet's to name. */
const modelObject = (id: string): OpenAiModel => ({
  id,
  object: "model",
  created: 0,
  owned_by: /^@cf\/([^/]+)\//.exec(id)?.[1] ?? "flotilla",
});

/** The fleet's own model first; of the hosted ones those in the price table, where they are bound. */
const list: Handler = async ({ env }) => {
  const hosted = env.WORKERS_AI === "bound" ? listedModels : [];
  const ids = [...new Set([env.MODEL, ...hosted])];
  const models: OpenAiModels = { object: "list", data: ids.map(modelObject) };
  return ok(Response.json(models));
};

/** An endpoint does not tell what it serves: any id that would be sent there is answered. */
const get: Handler = async ({ env, principal, param }) => {
  const id = param("model");
  const missing = checkScope(env, principal).modelFault(id);
  if (missing === null) return ok(Response.json(modelObject(id)));
  return err({ kind: "not_found", message: missing });
};

export const openAiModelRoutes: readonly Route[] = [
  route(operations.listModels, list),
  route(operations.getModel, get),
];
