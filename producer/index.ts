/** The producer: accepts work over HTTP, and each minute sends what was never delivered. */
import { api } from "./api.ts";
import type { ProducerEnv } from "./env.ts";
import { sweep } from "./sweep.ts";

export default {
  fetch(request, env, ctx) {
    return api.fetch(request, env, ctx);
  },
  async scheduled(_tick, env) {
    await sweep(env);
  },
} satisfies ExportedHandler<ProducerEnv>;
