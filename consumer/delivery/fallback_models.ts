/** The models that may stand in for a task's own. */
import { routeOf } from "../../shared/serving.ts";
import type { ConsumerConfig } from "../config/config.ts";

/** The task's own list, else the deployment's, which no rehearsal has: its script says what fails. */
export function fallbackModelsOf(
  fleet: ConsumerConfig,
  model: string,
  listed: readonly string[] | undefined,
): string[] {
  const deployed = model === "rehearsal" ? [] : (fleet.env.FALLBACK_MODELS ?? "").split(",");
  const names = (listed ?? deployed).map((name) => name.trim());
  return [...new Set(names)].filter((name) => !["", model, "rehearsal"].includes(name));
}

/** Whether anything is configured that serves this model. */
export function isServed({ env }: ConsumerConfig, model: string): boolean {
  const serving = { workersAi: env.AI !== undefined, baseUrl: env.MODEL_BASE_URL };
  return routeOf(model, serving).kind !== "none";
}
