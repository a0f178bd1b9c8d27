/** The fallback models of a task. */
import { routeOf } from "../../shared/platform/serving.ts";
import type { ConsumerConfig } from "../config/config.ts";

/** The task's own list, else the deployment's. A rehearsal has none: its script says what fails. */
export function fallbackModelsOf(
  { env }: ConsumerConfig,
  model: string,
  ownList: readonly string[] | undefined,
): string[] {
  const deploymentList = model === "rehearsal" ? [] : (env.FALLBACK_MODELS ?? "").split(",");
  const names = (ownList ?? deploymentList).map((name) => name.trim());
  return [...new Set(names)].filter((name) => !["", model, "rehearsal"].includes(name));
}

/** Whether an endpoint for this model is configured. */
export function isServed({ env }: ConsumerConfig, model: string): boolean {
  const serving = { workersAi: env.AI !== undefined, baseUrl: env.MODEL_BASE_URL };
  return routeOf(model, serving).kind !== "none";
}
