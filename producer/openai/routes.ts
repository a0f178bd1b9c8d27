/** Everything under /openai/v1. */
import type { Route } from "../http/route.ts";
import { openAiBatchRoutes } from "./batches/handlers.ts";
import { openAiFileRoutes } from "./files/handlers.ts";
import { openAiModelRoutes } from "./models/handlers.ts";

export const openAiRoutes: readonly Route[] = [
  ...openAiFileRoutes,
  ...openAiBatchRoutes,
  ...openAiModelRoutes,
];
