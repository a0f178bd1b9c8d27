import { endpointUrls } from "../../shared/addresses/endpoint_urls.ts";
import { endpointFinding } from "../../shared/models/endpoint_finding.ts";
import { listServedModels } from "../../shared/models/served_models.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * One line about the endpoint of MODEL_BASE_URL, which is asked once; null without an endpoint. A fleet
 * starts without its model, so nothing here is an error. Never rejects.
 */
export async function endpointLine(
  { MODEL: model, MODEL_BASE_URL: baseUrl = "", MODEL_API_KEY: key = "" }: Variables,
  send: typeof fetch = fetch,
): Promise<string | null> {
  const urls = endpointUrls(baseUrl);
  if (!urls.ok) return null;
  const headers = key === "" ? {} : { authorization: `Bearer ${key}` };
  const servedModels = await listServedModels(urls.value.models, headers, send);
  const isServed = model !== undefined && model !== "" && !/^(?:@cf\/|rehearsal$)/.test(model);
  const { ok, message } = endpointFinding(urls.value, servedModels, isServed ? model : null);
  return `Model endpoint: ${ok ? "" : "warning: "}${message}${/[.?!]$/.test(message) ? "" : "."}`;
}
