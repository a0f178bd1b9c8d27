import type { ConsumerEnv } from "../consumer/config/env.ts";
import type { ProducerEnv } from "../producer/env.ts";

declare global {
  namespace Cloudflare {
    /** What `import { env } from "cloudflare:workers"` holds inside the tests. */
    interface Env extends ConsumerEnv, ProducerEnv {
      TEST_MIGRATIONS: D1Migration[];
      INNER: Fetcher;
      FUZZ_REQUESTS?: string;
      FUZZ_SEED?: string;
    }
  }
}
