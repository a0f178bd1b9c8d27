/** What anyone may see: what the service is and whether it works. No tenant's data. */
import { log } from "../../../shared/platform/log.ts";
import { checkTables } from "../../../shared/store/health.ts";
import { llmsText } from "../../agents/llms_text.ts";
import type { ProducerEnv } from "../../env.ts";
import { problemResponse } from "../../http/problem.ts";
import { pingConsumer } from "../../rpc_client.ts";
import { readRetention } from "../../sweep/retention_days.ts";

export const respondRoot = (): Response =>
  Response.json({
    name: "Flotilla",
    what: "A queue-driven fleet of batch agents on Cloudflare, driven by open models.",
    submit: "POST /v1/tasks with Authorization: Bearer <key>",
    health: "/healthz",
    docs: "docs/api.md in the repository",
  });

export const respondLlmsText = (): Response =>
  new Response(llmsText, { headers: { "content-type": "text/plain;charset=utf-8" } });

/** 200 if D1 has the fleet's tables, a bound consumer answers, and the variables are valid. */
export async function respondHealth(env: ProducerEnv): Promise<Response> {
  const [store, consumer] = await Promise.all([
    isStoreUp(env),
    env.CONSUMER === undefined ? "ok" : pingConsumer(env),
  ]);
  const retention = readRetention(env.RETENTION_DAYS);
  if (!retention.ok) return problemResponse({ kind: "unavailable", message: retention.error });
  if (store && consumer !== null) return Response.json({ status: "ok" });
  const missing = store ? "the consumer does not answer" : "D1 does not answer, or is not migrated";
  return problemResponse({ kind: "unavailable", message: `not ready: ${missing}` });
}

async function isStoreUp({ DB }: ProducerEnv): Promise<boolean> {
  try {
    await checkTables(DB);
    return true;
  } catch (error) {
    log("unhealthy", { what: "d1", message: String(error) });
    return false;
  }
}
