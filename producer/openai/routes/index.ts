/** Everything under /openai/v1. */
import type { Route } from "../../http/call.ts";
import { openAiBatchRoutes } from "./batches.ts";
import { openAiFileRoutes } from "./files.ts";
import { openAiModelRoutes } from "./models.ts";

export const openAiRoutes: readonly Route[] = [
  ...openAiFileRoutes,
  ...openAiBatchRoutes,
  ...openAiModelRoutes,
];
