/**
 * OpenAI's own client, whose requests the producer answers in process. Each answer is one that the OpenAPI
 * document promises.
 */

import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import OpenAI from "openai";
import { expect } from "vitest";
import producer from "../../producer/index.ts";
import { bench, deliverTo } from "../consumer/harness.ts";
import { key, send, type TestFleet } from "./client.ts";
import { undescribed } from "./described.ts";

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
      const answer = await producer.fetch(request, fleet.env, context);
      await waitOnExecutionContext(context);
      const { pathname } = new URL(request.url);
      expect(await undescribed(request.method, pathname, answer.clone())).toBeNull();
      return answer;
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

/** The turns of the scripted model that says this. */
export const saying = (text: string): { rehearsal: string } => ({
  rehearsal: JSON.stringify([{ text }]),
});

export async function batchOf(
  client: OpenAI,
  lines: readonly unknown[],
  more: Partial<OpenAI.BatchCreateParams> = {},
): Promise<OpenAI.Batch> {
  const file = await client.files.create({ file: fileOf(lines), purpose: "batch" });
  return client.batches.create({
    input_file_id: file.id,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
    metadata: saying("yes"),
    ...more,
  });
}

/** The consumer has its turn with whatever the producer has sent. */
export async function runAll(fleet: TestFleet): Promise<void> {
  const ids = fleet.tasks.sent.splice(0).map(({ task_id }) => task_id);
  for (let from = 0; from < ids.length; from += 20) {
    await deliverTo(bench(), ids.slice(from, from + 20));
  }
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

/** The client with a key of another tenant's. */
export async function otherTenant(fleet: TestFleet): Promise<OpenAI> {
  const answer = await send(fleet, "POST", "/v1/keys", { name: "other", tenant: "other" });
  return clientOf(fleet, (await answer.json<{ key: string }>()).key);
}
