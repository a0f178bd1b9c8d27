import { endpointUrls } from "../addresses/endpoint_urls.ts";

/** What decides where a model's calls go. */
export interface Serving {
  /** The Workers AI binding is bound. */
  workersAi: boolean;
  baseUrl?: string | undefined;
}

export type Route =
  | { kind: "rehearsal" }
  | { kind: "workers_ai" }
  | { kind: "openai"; baseUrl: string }
  | { kind: "none"; missing: string };

/** Where the calls of this model go, or a sentence that says what to set. */
export function routeOf(model: string, serving: Serving): Route {
  if (model === "rehearsal") return { kind: "rehearsal" };
  const isHosted = model.startsWith("@cf/");
  if (isHosted && serving.workersAi) return { kind: "workers_ai" };
  const baseUrl = serving.baseUrl?.trim() ?? "";
  if (baseUrl !== "") {
    const urls = endpointUrls(baseUrl);
    return urls.ok ? { kind: "openai", baseUrl } : { kind: "none", missing: urls.error };
  }
  const name = JSON.stringify(model);
  return {
    kind: "none",
    missing: isHosted
      ? `Nothing serves the model ${name}: bind Workers AI (a deployed consumer does), or set MODEL_BASE_URL to an OpenAI-compatible endpoint that does.`
      : `Nothing serves the model ${name}: set MODEL_BASE_URL to an OpenAI-compatible endpoint, for example http://127.0.0.1:11434/v1.`,
  };
}

/**
 * Null where something serves this model, else the sentence that says what to set.
 * The producer asks this at submission; the consumer asks `routeOf` again at each call.
 */
export function serves(
  model: string,
  env: { WORKERS_AI?: string | undefined; MODEL_BASE_URL?: string | undefined },
): string | null {
  const workersAi = env.WORKERS_AI === "bound";
  const route = routeOf(model, { workersAi, baseUrl: env.MODEL_BASE_URL });
  return route.kind === "none" ? route.missing : null;
}
