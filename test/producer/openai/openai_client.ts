/** OpenAI's own client; the producer answers it in process. Every response is checked against the OpenAPI document. */

import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import OpenAI from "openai";
import { expect } from "vitest";
import { finishDueBatches } from "../../../producer/batches/finish.ts";
import producer from "../../../producer/index.ts";
import { deliverMessages, testConsumer } from "../../consumer/harness.ts";
import { key, send, type TestFleet } from "../client.ts";
import { describeMismatch } from "../described.ts";

export function clientOf(fleet: TestFleet, apiKey = key): OpenAI {
  return new OpenAI({
    apiKey,
    baseURL: "https://fleet/openai/v1",
    maxRetries: 0,
    fetch: async (url, init) => {
      const request = new Request<unknown, IncomingRequestCfProperties>(
        url as string,
        init as RequestInit<IncomingRequestCfProperties>,
      );
      const context = createExecutionContext();
      const response = await producer.fetch(request, fleet.env, context);
      await waitOnExecutionContext(context);
      const { pathname } = new URL(request.url);
      expect(await describeMismatch(request.method, pathname, response.clone())).toBeNull();
      return response;
    },
  });
}

export const fileOf = (lines: readonly unknown[], name = "requests.jsonl"): File =>
  new File(
    lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`),
    name,
  );

export const chatLine = (custom_id: string, body: object = {}): object => ({
  custom_id,
  method: "POST",
  url: "/v1/chat/completions",
  body: { model: "default", messages: [{ role: "user", content: `Say ${custom_id}.` }], ...body },
});

/** Metadata for a scripted model that answers with the text. */
export const rehearsing = (text: string): { rehearsal: string } => ({
  rehearsal: JSON.stringify([{ text }]),
});

export async function batchOf(
  client: OpenAI,
  lines: readonly unknown[],
  overrides: Partial<OpenAI.BatchCreateParams> = {},
): Promise<OpenAI.Batch> {
  const file = await client.files.create({ file: fileOf(lines), purpose: "batch" });
  return client.batches.create({
    input_file_id: file.id,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
    metadata: rehearsing("yes"),
    ...overrides,
  });
}

/** The consumer runs all sent tasks; then the cron finishes the batches. */
export async function runAll(fleet: TestFleet): Promise<void> {
  const ids = fleet.tasks.sent.splice(0).map(({ task_id }) => task_id);
  for (let from = 0; from < ids.length; from += 20) {
    await deliverMessages(testConsumer(), ids.slice(from, from + 20));
  }
  await finishBatches(fleet);
}

export async function finishBatches(fleet: TestFleet): Promise<void> {
  await env.DB.prepare("UPDATE batches SET close_at = 0 WHERE close_at IS NOT NULL").run();
  await finishDueBatches(fleet.env);
}

export async function linesOf(
  client: OpenAI,
  file: string | null | undefined,
): Promise<Record<string, unknown>[]> {
  const text = await (await client.files.content(file ?? "")).text();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A client with a key of another tenant. */
export async function otherTenantClient(fleet: TestFleet): Promise<OpenAI> {
  const response = await send(fleet, "POST", "/v1/keys", { name: "other", tenant: "other" });
  return clientOf(fleet, (await response.json<{ key: string }>()).key);
}
