/** OpenAI's own client against this fleet: nothing of ours stands on its side. */
import { env } from "cloudflare:workers";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { closeDueBatches } from "../../producer/batches/close.ts";
import { send, testFleet } from "./client.ts";
import { batchOf, chatLine, clientOf, fileOf, linesOf, runAll, saying } from "./openai_client.ts";

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

describe("a hundred lines", () => {
  test("are uploaded, run, polled and read by the official client", async () => {
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

    const made = await client.batches.create({
      input_file_id: file.id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
      metadata: { ...saying("yes"), description: "nightly" },
    });
    expect(made).toMatchObject({
      object: "batch",
      status: "in_progress",
      endpoint: "/v1/chat/completions",
      input_file_id: file.id,
      completion_window: "24h",
      request_counts: { total: 100, completed: 0, failed: 0 },
      metadata: { ...saying("yes"), description: "nightly" },
      errors: null,
      output_file_id: null,
    });
    // The window is counted from the question, and the batch is there once its lines are checked.
    const window = (made.expires_at ?? 0) - made.created_at;
    expect(window).toBeGreaterThan(23 * 3_600);
    expect(window).toBeLessThanOrEqual(24 * 3_600);

    await runAll(fleet);
    const done = await client.batches.retrieve(made.id);
    expect(done).toMatchObject({
      status: "completed",
      request_counts: { total: 100, completed: 100, failed: 0 },
      error_file_id: null,
    });
    expect(done.completed_at).toBeGreaterThanOrEqual(made.created_at);
    expect(done.usage?.total_tokens).toBeGreaterThan(0);

    const output = await client.files.retrieve(done.output_file_id ?? "");
    expect(output).toMatchObject({ purpose: "batch_output", filename: `${made.id}_output.jsonl` });
    const text = await (await client.files.content(output.id)).text();
    expect(new TextEncoder().encode(text).byteLength).toBe(output.bytes);
    const answers = (await linesOf(client, output.id)) as unknown as ChatLine[];
    expect(answers.map(({ custom_id }) => custom_id)).toEqual(lines.map((_, n) => `request-${n}`));
    const [first] = answers;
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
    expect(await task.json()).toMatchObject({ custom_id: "request-0", batch_id: made.id });
  });
});

describe("each line runs as a task", () => {
  test("of a response with instructions and a schema", async () => {
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
    const made = await batchOf(client, [line], { endpoint: "/v1/responses", metadata: null });
    await runAll(fleet);
    const done = await client.batches.retrieve(made.id);
    const [answer] = await linesOf(client, done.output_file_id);
    expect(answer).toMatchObject({
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
    const spec = await env.DB.prepare("SELECT spec, labels FROM tasks WHERE batch_id = ?1")
      .bind(made.id)
      .first<{ spec: string; labels: string }>();
    expect(JSON.parse(spec?.labels ?? "")).toEqual({ team: "ops" });
    expect(JSON.parse(spec?.spec ?? "")).toMatchObject({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Count." },
      ],
      sampling: { output_tokens_max: 900, temperature: 0.2 },
      output_schema: schema,
    });
  });

  test("with what the batch's metadata and the key say of it", async () => {
    const fleet = testFleet();
    const defaults = { attempts: 2, priority: "low", limits: { steps: 7 } };
    const answer = await send(fleet, "POST", "/v1/keys", { name: "batches", defaults });
    const client = clientOf(fleet, (await answer.json<{ key: string }>()).key);
    const metadata = {
      ...saying("yes"),
      attempts: "5",
      tools: "read_file, list_files",
      batch_limits: '{"cost_usd": 2}',
    };
    const made = await batchOf(client, [chatLine("a")], { metadata });
    const row = await env.DB.prepare(
      `SELECT tasks.attempts, tasks.priority, tasks.spec, tasks.expires_at, batches.limits
       FROM tasks JOIN batches ON batches.id = tasks.batch_id WHERE batch_id = ?1`,
    )
      .bind(made.id)
      .first<Record<string, unknown>>();
    expect(row).toMatchObject({ attempts: 5, priority: "low", limits: '{"cost_usd":2}' });
    expect(Math.floor(Number(row?.expires_at) / 1000)).toBe(made.expires_at);
    expect(JSON.parse(String(row?.spec))).toMatchObject({
      tools: ["read_file", "list_files"],
      limits: { steps: 7 },
    });
  });

  test("and an answer that stands in R2 alone, of a task whose body does too, is read from there", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const long = "word ".repeat(2_000);
    const schema = { type: "object", properties: { text: { type: "string" } } };
    const line = chatLine("a", {
      messages: [{ role: "user", content: "x".repeat(20_000) }],
      response_format: { type: "json_schema", json_schema: { name: "a", schema } },
      flotilla: { rehearsal: [{ calls: [{ name: "final_answer", arguments: { text: long } }] }] },
    });
    const made = await batchOf(client, [line], { metadata: null });
    await runAll(fleet);
    const done = await client.batches.retrieve(made.id);
    const [answer] = (await linesOf(client, done.output_file_id)) as unknown as ChatLine[];
    expect(answer?.response.body.choices[0]?.message.content).toBe(JSON.stringify({ text: long }));
  });
});

describe("a line that ends badly", () => {
  test("stands in the error file, and the others in the output", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const refused = {
      flotilla: { rehearsal: [{ error: { status: 400, code: "x", message: "no" } }] },
    };
    const made = await batchOf(client, [chatLine("good"), chatLine("bad", refused)]);
    await runAll(fleet);
    const done = await client.batches.retrieve(made.id);
    expect(done).toMatchObject({
      status: "completed",
      request_counts: { total: 2, completed: 1, failed: 1 },
    });
    expect(await linesOf(client, done.output_file_id)).toMatchObject([{ custom_id: "good" }]);
    expect(await linesOf(client, done.error_file_id)).toMatchObject([
      {
        id: expect.stringMatching(/^batch_req_/),
        custom_id: "bad",
        response: null,
        error: { code: "model_rejected", message: expect.stringContaining("400") },
      },
    ]);
  });

  test("because its window is over makes an expired batch that keeps what is finished", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const made = await batchOf(client, [chatLine("a"), chatLine("b")]);
    await env.DB.prepare("UPDATE tasks SET expires_at = 1 WHERE batch_id = ?1 AND batch_index = 1")
      .bind(made.id)
      .run();
    await runAll(fleet);
    const done = await client.batches.retrieve(made.id);
    expect(done).toMatchObject({
      status: "expired",
      request_counts: { completed: 1, failed: 1 },
      completed_at: null,
    });
    expect(done.expired_at).toBeGreaterThan(0);
    expect(await linesOf(client, done.output_file_id)).toHaveLength(1);
    expect(await linesOf(client, done.error_file_id)).toMatchObject([
      { custom_id: "b", error: { code: "batch_expired" } },
    ]);
  });

  test("is run again by a redrive, and the batch has new files", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const twice = {
      flotilla: {
        rehearsal: [{ error: { status: 400, code: "x", message: "no" } }, { text: "at last" }],
      },
    };
    const made = await batchOf(client, [chatLine("a"), chatLine("b", twice)]);
    await runAll(fleet);
    const before = await client.batches.retrieve(made.id);
    await send(fleet, "POST", `/v1/batches/${made.id}/redrive`, { mode: "resume" });
    expect(await client.batches.retrieve(made.id)).toMatchObject({
      status: "in_progress",
      output_file_id: null,
      completed_at: null,
    });
    await runAll(fleet);
    const after = await client.batches.retrieve(made.id);
    expect(after).toMatchObject({ status: "completed", error_file_id: null });
    expect(after.output_file_id).not.toBe(before.output_file_id);
    expect(await linesOf(client, after.output_file_id)).toHaveLength(2);
    expect(await linesOf(client, before.output_file_id)).toHaveLength(1);
  });
});

test("a cancelled batch says so, and keeps what is finished", async () => {
  const fleet = testFleet();
  const client = clientOf(fleet);
  const made = await batchOf(client, [chatLine("a"), chatLine("b")]);
  const [first, ...rest] = fleet.tasks.sent.splice(0);
  if (first !== undefined) fleet.tasks.sent.push(first);
  await runAll(fleet);
  fleet.tasks.sent.push(...rest);
  const stopping = await client.batches.cancel(made.id);
  expect(stopping).toMatchObject({ status: "cancelling", cancelled_at: null });
  expect(stopping.cancelling_at).toBeGreaterThan(0);
  await runAll(fleet);
  const done = await client.batches.retrieve(made.id);
  expect(done).toMatchObject({ status: "cancelled", request_counts: { completed: 1, failed: 1 } });
  expect(await linesOf(client, done.error_file_id)).toMatchObject([
    { custom_id: "b", error: { code: "batch_cancelled" } },
  ]);
  await expect(client.batches.cancel(made.id)).rejects.toBeInstanceOf(OpenAI.ConflictError);
});

test("the files of a large batch are the sweep's, and until then it is finalizing", async () => {
  const fleet = testFleet();
  const client = clientOf(fleet);
  const lines = Array.from({ length: 1_001 }, (_, n) => chatLine(`c${n}`));
  const made = await batchOf(client, lines);
  await env.DB.prepare(
    `UPDATE tasks SET status = 'succeeded', reason = 'completed', sweep_at = NULL, result_key = 'k',
       output = json_object('text', batch_index), finished_at = 5000 WHERE batch_id = ?1`,
  )
    .bind(made.id)
    .run();
  expect(await client.batches.retrieve(made.id)).toMatchObject({
    status: "finalizing",
    output_file_id: null,
    completed_at: null,
  });
  await env.DB.prepare("UPDATE batches SET close_at = 0 WHERE id = ?1").bind(made.id).run();
  await closeDueBatches(fleet.env);
  const done = await client.batches.retrieve(made.id);
  expect(done.status).toBe("completed");
  expect(await linesOf(client, done.output_file_id)).toHaveLength(1_001);
});
