import type { EndpointUrls } from "../addresses/endpoint_urls.ts";
import { idsHint, type ServedModels } from "./served_models.ts";

/** What was found at an endpoint, and where it does not work, what to set. */
export interface EndpointFinding {
  ok: boolean;
  message: string;
}

/** One line about what an endpoint answered to `GET {base}/models`; `model` is null where none is chosen. */
export function endpointFinding(
  { base, models }: EndpointUrls,
  servedModels: ServedModels,
  model: string | null,
): EndpointFinding {
  const no = (message: string) => ({ ok: false, message });
  switch (servedModels.kind) {
    case "unreachable":
      return no(
        `nothing answers at ${base} (${servedModels.message}): start the model server, or set MODEL_BASE_URL to its address`,
      );
    case "key_refused":
      return no(
        `${base} answers HTTP ${servedModels.status}: set MODEL_API_KEY to a key that it accepts`,
      );
    case "page":
      return no(
        `${models} answers with an HTML page instead of JSON: set MODEL_BASE_URL to the address of the API, which mostly ends in /v1`,
      );
    case "unlisted":
      return {
        ok: true,
        message: `${base} answers, but does not list its models (HTTP ${servedModels.status} at ${models})`,
      };
    case "listed":
      return listedFinding(base, servedModels.ids, model);
  }
}

function listedFinding(
  base: string,
  ids: readonly string[],
  model: string | null,
): EndpointFinding {
  if (ids.length === 0)
    return { ok: false, message: `${base} answers, but serves no model: load one` };
  if (model === null) return { ok: true, message: `${base} answers.${idsHint("", ids)}` };
  // Ollama lists "name:latest" and takes "name".
  if (ids.includes(model) || ids.includes(`${model}:latest`))
    return { ok: true, message: `${base} answers and serves ${model}` };
  return {
    ok: false,
    message: `${base} answers, but does not list the model ${JSON.stringify(model)}.${idsHint(model, ids)} Set MODEL.`,
  };
}
