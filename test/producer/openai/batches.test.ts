/** Batches through OpenAI's own client, without code of ours on the client's side. */
import { env } from "cloudflare:workers";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { batchTaskId } from "../../../shared/identity/ids.ts";
import { readRow } from "../../consumer/harness.ts";
import { send, testFleet } from "../client.ts";
import {
  batchOf,
  chatLine,
  clientOf,
  fileOf,
  finishBatches,
  linesOf,
  rehearsing,
  runAll,
} from "./openai_client.ts";

interface ChatLine {
  id: string;
  custom_id: string;
  response: {
    status_code: number;
    request_id: string;
    body: OpenAI.ChatCompletion;
  };
  error: null;
}

describe("a batch of a hundred lines", () => {
  test("a batch of a hundred lines is uploaded, run, polled and read by the official client", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const lines = Array.from({ length: 100 }, (_, n) => chatLine(`request-${n}`));
    const file = await client.files.create({ file: fileOf(lines), purpose: "batch" });
    expect(file).toMatchObject({
      object: "file",
      filename: "requests.jsonl",
      purpose: "batch",
      status: "processed",
      bytes: fileOf(lines).size,
    });
    expect(await (await client.files.content(file.id)).text()).toBe(await fileOf(lines).text());

    const batch = await client.batches.create({
      input_file_id: file.id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
      metadata: { ...rehearsing("yes"), description: "nightly" },
    });
    expect(batch).toMatchObject({
      object: "batch",
      status: "in_progress",
      endpoint: "/v1/chat/completions",
      input_file_id: file.id,
      completion_window: "24h",
      request_counts: { total: 100, completed: 0, failed: 0 },
      metadata: { ...rehearsing("yes"), description: "nightly" },
      errors: null,
      output_file_id: null,
    });
    // The window starts with the request; `created_at` is later, when the lines have been checked.
    const window = (batch.expires_at ?? 0) - batch.created_at;
    expect(window).toBeGreaterThan(23 * 3_600);
    expect(window).toBeLessThanOrEqual(24 * 3_600);

    await runAll(fleet);
    const finishedBatch = await client.batches.retrieve(batch.id);
    expect(finishedBatch).toMatchObject({
      status: "completed",
      request_counts: { total: 100, completed: 100, failed: 0 },
      error_file_id: null,
    });
    expect(finishedBatch.completed_at).toBeGreaterThanOrEqual(batch.created_at);
    expect(finishedBatch.usage?.total_tokens).toBeGreaterThan(0);

    const output = await client.files.retrieve(finishedBatch.output_file_id ?? "");
    expect(output).toMatchObject({ purpose: "batch_output", filename: `${batch.id}_output.jsonl` });
    const text = await (await client.files.content(output.id)).text();
    expect(new TextEncoder().encode(text).byteLength).toBe(output.bytes);
    const results = (await linesOf(client, output.id)) as unknown as ChatLine[];
    expect(results.map(({ custom_id }) => custom_id)).toEqual(lines.map((_, n) => `request-${n}`));
    const [first] = results;
    expect(first?.response).toMatchObject({
      status_code: 200,
      body: {
        object: "chat.completion",
        model: "rehearsal",
        choices: [
          { index: 0, finish_reason: "stop", message: { role: "assistant", content: "yes" } },
        ],
      },
    });
    expect(first?.response.body.usage?.prompt_tokens).toBeGreaterThan(0);
    const task = await send(fleet, "GET", `/v1/tasks/${first?.response.request_id}`);
    expect(await task.json()).toMatchObject({ custom_id: "request-0", batch_id: batch.id });
  });
});

describe("a line runs as a task", () => {
  test("a line of /v1/responses becomes a task with its instructions and schema", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const schema = {
      type: "object",
      properties: { text: { type: "string" }, n: { type: "integer" } },
      required: ["text", "n"],
    };
    const line = {
      custom_id: "a",
      method: "POST",
      url: "/v1/responses",
      body: {
        instructions: "Be brief.",
        input: "Count.",
        text: { format: { type: "json_schema", name: "count", schema, strict: true } },
        max_output_tokens: 900,
        temperature: 0.2,
        metadata: { team: "ops" },
        flotilla: {
          files: { "a.txt": { text: "1" } },
          rehearsal: [{ calls: [{ name: "final_answer", arguments: { text: "one", n: 1 } }] }],
        },
      },
    };
    const batch = await batchOf(client, [line], { endpoint: "/v1/responses", metadata: null });
    await runAll(fleet);
    const finishedBatch = await client.batches.retrieve(batch.id);
    const [result] = await linesOf(client, finishedBatch.output_file_id);
    expect(result).toMatchObject({
      response: {
        body: {
          object: "response",
          status: "completed",
          output: [
            {
              type: "message",
              role: "assistant",
              content: [{ type: "output_text", text: '{"text":"one","n":1}' }],
            },
          ],
        },
      },
    });
    const task = await readRow(batchTaskId(batch.id, 0));
    expect(JSON.parse(task.labels)).toEqual({ team: "ops" });
    expect(JSON.parse(task.spec ?? "")).toMatchObject({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Count." },
      ],
      sampling: { output_tokens_max: 900, temperature: 0.2 },
      output_schema: schema,
    });
  });

  test("a line becomes a task with the settings of the key and of the batch's metadata", async () => {
    const fleet = testFleet();
    const defaults = { attempts: 2, priority: "low", limits: { steps: 7 } };
    const response = await send(fleet, "POST", "/v1/keys", { name: "batches", defaults });
    const client = clientOf(fleet, (await response.json<{ key: string }>()).key);
    const metadata = {
      ...rehearsing("yes"),
      attempts: "5",
      tools: "read_file, list_files",
      batch_limits: '{"cost_usd": 2}',
    };
    const batch = await batchOf(client, [chatLine("a")], { metadata });
    const row = await env.DB.prepare(
      `SELECT tasks.attempts, tasks.priority, tasks.spec, tasks.expires_at, batches.limits
       FROM tasks JOIN batches ON batches.id = tasks.batch_id WHERE batch_id = ?1`,
    )
      .bind(batch.id)
      .first<Record<string, unknown>>();
    expect(row).toMatchObject({ attempts: 5, priority: "low", limits: '{"cost_usd":2}' });
    expect(Math.floor(Number(row?.expires_at) / 1000)).toBe(batch.expires_at);
    expect(JSON.parse(String(row?.spec))).toMatchObject({
      tools: ["read_file", "list_files"],
      limits: { steps: 7 },
    });
  });

  test("a large spec and a large output are read from R2", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const longText = "word ".repeat(2_000);
    const schema = { type: "object", properties: { text: { type: "string" } } };
    const line = chatLine("a", {
      messages: [{ role: "user", content: "x".repeat(20_000) }],
      response_format: { type: "json_schema", json_schema: { name: "a", schema } },
      flotilla: {
        rehearsal: [{ calls: [{ name: "final_answer", arguments: { text: longText } }] }],
      },
    });
    const batch = await batchOf(client, [line], { metadata: null });
    await runAll(fleet);
    const finishedBatch = await client.batches.retrieve(batch.id);
    const [result] = (await linesOf(client, finishedBatch.output_file_id)) as unknown as ChatLine[];
    expect(result?.response.body.choices[0]?.message.content).toBe(
      JSON.stringify({ text: longText }),
    );
  });
});

describe("a line that fails", () => {
  test("a failed line is written to the error file, and the other lines to the output file", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const failing = {
      flotilla: { rehearsal: [{ error: { status: 400, code: "x", message: "no" } }] },
    };
    const batch = await batchOf(client, [chatLine("good"), chatLine("bad", failing)]);
    await runAll(fleet);
    const finishedBatch = await client.batches.retrieve(batch.id);
    expect(finishedBatch).toMatchObject({
      status: "completed",
      request_counts: { total: 2, completed: 1, failed: 1 },
    });
    expect(await linesOf(client, finishedBatch.output_file_id)).toMatchObject([
      { custom_id: "good" },
    ]);
    expect(await linesOf(client, finishedBatch.error_file_id)).toMatchObject([
      {
        id: expect.stringMatching(/^batch_req_/),
        custom_id: "bad",
        response: null,
        error: { code: "model_rejected", message: expect.stringContaining("400") },
      },
    ]);
  });

  test("a line whose window has ended makes the batch expired and keeps the finished lines", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const batch = await batchOf(client, [chatLine("a"), chatLine("b")]);
    await env.DB.prepare("UPDATE tasks SET expires_at = 1 WHERE batch_id = ?1 AND batch_index = 1")
      .bind(batch.id)
      .run();
    await runAll(fleet);
    const finishedBatch = await client.batches.retrieve(batch.id);
    expect(finishedBatch).toMatchObject({
      status: "expired",
      request_counts: { completed: 1, failed: 1 },
      completed_at: null,
    });
    expect(finishedBatch.expired_at).toBeGreaterThan(0);
    expect(await linesOf(client, finishedBatch.output_file_id)).toHaveLength(1);
    expect(await linesOf(client, finishedBatch.error_file_id)).toMatchObject([
      { custom_id: "b", error: { code: "batch_expired" } },
    ]);
  });

  test("a failed line can be redriven, and the batch then gets new files", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const secondTry = {
      flotilla: {
        rehearsal: [{ error: { status: 400, code: "x", message: "no" } }, { text: "at last" }],
      },
    };
    const batch = await batchOf(client, [chatLine("a"), chatLine("b", secondTry)]);
    await runAll(fleet);
    const before = await client.batches.retrieve(batch.id);
    await send(fleet, "POST", `/v1/batches/${batch.id}/redrive`, { mode: "resume" });
    expect(await client.batches.retrieve(batch.id)).toMatchObject({
      status: "in_progress",
      output_file_id: null,
      completed_at: null,
    });
    await runAll(fleet);
    const after = await client.batches.retrieve(batch.id);
    expect(after).toMatchObject({ status: "completed", error_file_id: null });
    expect(after.output_file_id).not.toBe(before.output_file_id);
    expect(await linesOf(client, after.output_file_id)).toHaveLength(2);
    expect(await linesOf(client, before.output_file_id)).toHaveLength(1);
  });
});

test("a cancelled batch keeps its finished lines", async () => {
  const fleet = testFleet();
  const client = clientOf(fleet);
  const batch = await batchOf(client, [chatLine("a"), chatLine("b")]);
  const messages = fleet.tasks.sent.slice();
  await env.DB.prepare("UPDATE tasks SET not_before = 9e15 WHERE batch_id = ?1 AND batch_index = 1")
    .bind(batch.id)
    .run();
  await runAll(fleet);
  fleet.tasks.sent.push(...messages.slice(1));
  const stopping = await client.batches.cancel(batch.id);
  expect(stopping).toMatchObject({ status: "cancelling", cancelled_at: null });
  expect(stopping.cancelling_at).toBeGreaterThan(0);
  await runAll(fleet);
  const finishedBatch = await client.batches.retrieve(batch.id);
  expect(finishedBatch).toMatchObject({
    status: "cancelled",
    request_counts: { completed: 1, failed: 1 },
  });
  expect(await linesOf(client, finishedBatch.error_file_id)).toMatchObject([
    { custom_id: "b", error: { code: "batch_cancelled" } },
  ]);
  await expect(client.batches.cancel(batch.id)).rejects.toBeInstanceOf(OpenAI.ConflictError);
});

test("a batch is finalizing until the cron has written its files", async () => {
  const fleet = testFleet();
  const client = clientOf(fleet);
  const lines = Array.from({ length: 1_001 }, (_, n) => chatLine(`c${n}`));
  const batch = await batchOf(client, lines);
  await env.DB.prepare(
    `UPDATE tasks SET status = 'succeeded', reason = 'completed', sweep_at = NULL, result_key = 'k',
       output = json_object('text', batch_index), finished_at = 5000 WHERE batch_id = ?1`,
  )
    .bind(batch.id)
    .run();
  expect(await client.batches.retrieve(batch.id)).toMatchObject({
    status: "finalizing",
    output_file_id: null,
    completed_at: null,
  });
  await finishBatches(fleet);
  const finishedBatch = await client.batches.retrieve(batch.id);
  expect(finishedBatch.status).toBe("completed");
  expect(await linesOf(client, finishedBatch.output_file_id)).toHaveLength(1_001);
});
