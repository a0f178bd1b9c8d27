/** What anyone may see: what this is, and whether it works. No tenant's data. */
import { retryLimits } from "../../../shared/limits.ts";
import { log } from "../../../shared/log.ts";
import { findTables } from "../../../shared/store/health.ts";
import type { ProducerEnv } from "../../env.ts";
import { problemResponse } from "../../http/problem.ts";
import { readRetention } from "../../sweep/retention_days.ts";

export const front = (): Response =>
  Response.json({
    name: "Flotilla",
    what: "A queue-driven fleet of batch agents on Cloudflare, driven by open models.",
    submit: "POST /v1/tasks with Authorization: Bearer <key>",
    health: "/healthz",
    docs: "docs/api.md in the repository",
  });

/** 200 once D1 answers with the fleet's tables, the consumer answers where it is bound, and the variables can be read. */
export async function health(env: ProducerEnv): Promise<Response> {
  const [store, consumer] = await Promise.all([
    up("d1", () => findTables(env.DB)),
    up("consumer", async () => {
      const signal = AbortSignal.timeout(retryLimits.briefCallMsMax);
      const answer = await env.CONSUMER?.fetch("https://consumer/healthz", { signal });
      await answer?.body?.cancel();
      if (answer !== undefined && !answer.ok) throw new Error(`answered ${answer.status}`);
    }),
  ]);
  const retention = readRetention(env.RETENTION_DAYS);
  if (!retention.ok) return problemResponse({ kind: "unavailable", message: retention.message });
  if (store && consumer) return Response.json({ status: "ok" });
  const missing = store ? "the consumer does not answer" : "D1 does not answer, or is not migrated";
  return problemResponse({ kind: "unavailable", message: `not ready: ${missing}` });
}

async function up(what: string, ask: () => Promise<void>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    log("unhealthy", { what, message: String(error) });
    return false;
  }
}
