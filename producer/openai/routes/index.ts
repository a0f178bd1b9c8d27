/** Everything under /openai/v1. */
import type { Route } from "../../http/call.ts";
import { openAiBatchRoutes } from "./batches.ts";
import { openAiFileRoutes } from "./files.ts";
import { openAiModelRoutes } from "./models.ts";

/** OpenAI says what its calls take and answer; the document names them, and no more. */
export const openAiRoutes: readonly Route[] = [
  ...openAiFileRoutes,
  ...openAiBatchRoutes,
  ...openAiModelRoutes,
].map((one) => ({
  ...one,
  id: `openai ${one.method} ${one.path}`.toLowerCase().replace(/[^a-z0-9]+/g, "_"),
  wire: "openai",
  about: "In OpenAI's wire shape, for its own clients: docs/openai.md.",
  answers: {},
}));
