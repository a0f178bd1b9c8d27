/** Invalid lines, errors, other tenants, lists and files, through OpenAI's own client. */
import { env } from "cloudflare:workers";
import OpenAI from "openai";
import { describe, expect, it, test } from "vitest";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { newFileId } from "../../../shared/identity/ids.ts";
import { insertFile } from "../../../shared/store/openai/files.ts";
import { send, type TestFleet, testFleet } from "../client.ts";
import {
  batchOf,
  chatLine,
  clientOf,
  fileOf,
  otherTenantClient,
  rehearsing,
  runAll,
} from "./openai_client.ts";

describe("a file with invalid lines", () => {
  test("invalid lines make a failed batch that lists the line, field and code of each error", async () => {
    const client = clientOf(testFleet());
    const batch = await batchOf(client, [
      chatLine("a"),
      "{not json",
      chatLine("a"),
      { ...chatLine("b"), url: "/v1/responses" },
      chatLine("c", { logit_bias: { 50256: -100 } }),
      chatLine("d", { temperature: 9 }),
      chatLine("e", { tools: [{ type: "function", function: { name: "pay", parameters: {} } }] }),
      chatLine("f", { messages: [{ role: "user", content: [{ type: "image_url" }] }] }),
      { method: "POST", url: "/v1/chat/completions", body: { messages: [] } },
      chatLine("g", { model: "unknown/model" }),
    ]);
    expect(batch).toMatchObject({ status: "failed", request_counts: { total: 0 } });
    expect(batch.failed_at).toBeGreaterThan(0);
    const failed = await client.batches.retrieve(batch.id);
    expect(failed.errors?.data?.map(({ line, param, code }) => [line, param, code])).toEqual([
      [2, null, "invalid_json_line"],
      [3, "custom_id", "duplicate_custom_id"],
      [4, "url", "mismatched_endpoint"],
      [5, "body.logit_bias", "unsupported_parameter"],
      [6, "body.temperature", "invalid_value"],
      [7, "body.tools[0]", "unsupported_tool"],
      [8, "body.messages[0].content[0]", "unsupported_value"],
      [9, "custom_id", "missing_required_parameter"],
      [9, "body.messages", "invalid_type"],
      [10, "body.model", "invalid_value"],
      [10, "metadata.rehearsal", "invalid_value"],
    ]);
    const tasks = env.DB.prepare("SELECT COUNT(*) AS n FROM tasks WHERE batch_id = ?1");
    expect(await tasks.bind(batch.id).first()).toEqual({ n: 0 });
  });

  test("a file of blank lines makes a failed batch with one error", async () => {
    const batch = await batchOf(clientOf(testFleet()), ["", ""]);
    expect(batch).toMatchObject({ status: "failed", errors: { data: [{ code: "empty_file" }] } });
  });
});

describe("an invalid request makes the client throw its own error", () => {
  const create = (client: OpenAI, overrides: object) =>
    batchOf(client, [chatLine("a")], overrides as Partial<OpenAI.BatchCreateParams>);

  it.each<[name: string, more: object, param: string]>([
    ["an unknown endpoint", { endpoint: "/v1/embeddings" }, "endpoint"],
    ["an invalid window", { completion_window: "soon" }, "completion_window"],
    ["a window that is too long", { completion_window: "900h" }, "completion_window"],
    ["an unknown field", { output_expires_after: { seconds: 1 } }, "output_expires_after"],
    ["an unknown policy", { metadata: { policy: "none-such" } }, "metadata.policy"],
    ["an unknown tool", { metadata: { tools: "read_file, run_cde" } }, "metadata.tools[1]"],
    ["limits that are not JSON", { metadata: { limits: "many" } }, "metadata.limits"],
    ["invalid limits", { metadata: { limits: '{"steps": 0}' } }, "metadata.limits.steps"],
    ["a ceiling that is not JSON", { metadata: { batch_limits: "{}x" } }, "metadata.batch_limits"],
    [
      "a webhook without a known secret",
      { metadata: { webhook: '{"url": "https://a.example", "secret": "NONE"}' } },
      "metadata.webhook",
    ],
  ])("%s", async (_name, overrides, param) => {
    const error = await create(clientOf(testFleet()), overrides).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ status: 400, type: "invalid_request_error", param });
  });

  test("an unknown key makes the client throw its authentication error", async () => {
    const error = await clientOf(testFleet(), "sk-none")
      .models.list()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ code: "invalid_api_key" });
  });

  it.each<[name: string, purpose: string, file: File]>([
    ["another purpose", "fine-tune", fileOf([chatLine("a")])],
    ["no content", "batch", fileOf([])],
  ])("a file with %s is not stored", async (_name, purpose, file) => {
    const client = clientOf(testFleet());
    const upload = client.files.create({ file, purpose: purpose as OpenAI.FilePurpose });
    await expect(upload).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    const stored = await env.OBJECTS.list({ prefix: "files/" });
    const rows = await env.DB.prepare("SELECT id FROM files WHERE bytes IS NULL").all();
    expect(rows.results).toEqual([]);
    expect(stored.objects.filter(({ size }) => size === 0)).toEqual([]);
  });

  it.each<[name: string, fields: Record<string, string>, param: string, message: string]>([
    ["no purpose", {}, "purpose", '"batch"; to upload files for tasks'],
    ["another purpose", { purpose: "vision" }, "purpose", '"vision"; to upload files for tasks'],
    [
      "an unknown field",
      { purpose: "batch", x: "1" },
      "x",
      "unknown field: the form takes purpose",
    ],
    [
      "an invalid anchor",
      { purpose: "batch", "expires_after[anchor]": "now", "expires_after[seconds]": "3600" },
      "expires_after[anchor]",
      '"created_at"',
    ],
    [
      "too short a time",
      { purpose: "batch", "expires_after[anchor]": "created_at", "expires_after[seconds]": "9" },
      "expires_after[seconds]",
      "a whole number from 3600",
    ],
    [
      "an anchor without seconds",
      { purpose: "batch", "expires_after[anchor]": "created_at" },
      "expires_after[seconds]",
      "is missing",
    ],
    [
      "seconds without an anchor",
      { purpose: "batch", "expires_after[seconds]": "3600" },
      "expires_after[anchor]",
      'use "created_at"',
    ],
  ])("a form with %s", async (_name, fields, param, message) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set("file", fileOf([chatLine("a")]));
    const request = new Request("https://fleet/", { method: "POST", body: form });
    const answer = await send(testFleet(), "POST", "/openai/v1/files", request.body ?? "", {
      "content-type": request.headers.get("content-type") ?? "",
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { param, message: expect.stringContaining(message) } },
    ]);
  });

  it.each<[name: string, body: BodyInit, type: string, status: number]>([
    ["JSON instead of a form", "{}", "application/json", 415],
    ["a form without a boundary", "x", "multipart/form-data", 400],
    [
      "a truncated form",
      "--x\r\ncontent-disposition: form-data; name=a\r\n\r\nb",
      "multipart/form-data; boundary=x",
      400,
    ],
    [
      "a file name with an invalid escape",
      "--x\r\ncontent-disposition: form-data; name=\"file\"; filename*=utf-8''%zz\r\n\r\nb\r\n--x--\r\n",
      "multipart/form-data; boundary=x",
      400,
    ],
  ])("%s", async (_name, body, type, status) => {
    const headers = { "content-type": type };
    const answer = await send(testFleet(), "POST", "/openai/v1/files", body, headers);
    expect([answer.status, await answer.json()]).toMatchObject([
      status,
      { error: { type: "invalid_request_error" } },
    ]);
  });

  test("an unknown path and a wrong method are answered in OpenAI's format", async () => {
    const answer = await send(testFleet(), "GET", "/openai/v1/embeddings");
    expect(await answer.json()).toMatchObject({ error: { code: "not_found", param: null } });
    const wrong = await send(testFleet(), "DELETE", "/openai/v1/batches");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST, GET"]);
  });
});

describe("a tenant", () => {
  test("a tenant cannot see files and batches of another tenant", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const batch = await batchOf(client, [chatLine("a")]);
    const otherClient = await otherTenantClient(fleet);
    const calls = [
      () => otherClient.files.retrieve(batch.input_file_id),
      () => otherClient.files.content(batch.input_file_id),
      () => otherClient.files.delete(batch.input_file_id),
      () => otherClient.batches.retrieve(batch.id),
      () => otherClient.batches.cancel(batch.id),
      () =>
        otherClient.batches.create({
          input_file_id: batch.input_file_id,
          endpoint: "/v1/chat/completions",
          completion_window: "24h",
        }),
    ];
    for (const call of calls) {
      const error = await call().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    }
    expect((await otherClient.files.list()).data).toEqual([]);
    expect((await otherClient.batches.list()).data).toEqual([]);
    expect((await client.files.retrieve(batch.input_file_id)).id).toBe(batch.input_file_id);
  });

  test("batches of the fleet's own API are not visible", async () => {
    const fleet = testFleet();
    const tasks = [{ prompt: "p", rehearsal: [{ text: "yes" }] }];
    const answer = await send(fleet, "POST", "/v1/batches", { tasks });
    const { id } = await answer.json<{ id: string }>();
    const client = clientOf(fleet);
    await expect(client.batches.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    const list = [];
    for await (const batch of client.batches.list()) list.push(batch.id);
    expect(list).not.toContain(id);
  });
});

describe("a list", () => {
  test("lists are paged by the client, newest first", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const batch = [];
    for (const name of ["a", "b", "c"]) batch.push(await batchOf(client, [chatLine(name)]));
    const page = await client.batches.list({ limit: 2 });
    expect(page.data.map(({ id }) => id)).toEqual([batch[2]?.id, batch[1]?.id]);
    expect(page.has_more).toBe(true);
    const next = await page.getNextPage();
    expect(next.data[0]?.id).toBe(batch[0]?.id);

    const files = [];
    for await (const file of client.files.list({ limit: 2, purpose: "batch" })) files.push(file.id);
    expect(files.slice(0, 3)).toEqual(batch.toReversed().map((batch) => batch.input_file_id));
    const oldest = await client.files.list({ order: "asc", limit: 1 });
    expect(oldest.data[0]?.id).toBe(files.at(-1));
  });

  it.each([
    "files?limit=0",
    "files?after=x",
    "files?purpose=vision",
    "batches?limit=101",
    "batches?x=1",
  ])("a list with an invalid query is rejected: %s", async (path) => {
    expect((await send(testFleet(), "GET", `/openai/v1/${path}`)).status).toBe(400);
  });
});

describe("a file", () => {
  test("a file can be deleted while its batch continues", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const batch = await batchOf(client, [chatLine("a")]);
    expect(await client.files.delete(batch.input_file_id)).toMatchObject({ deleted: true });
    await expect(client.files.retrieve(batch.input_file_id)).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
    await runAll(fleet);
    const finishedBatch = await client.batches.retrieve(batch.id);
    expect(finishedBatch.status).toBe("completed");
    await client.files.delete(finishedBatch.output_file_id ?? "");
    const after = await client.batches.retrieve(batch.id);
    expect(after.output_file_id).toBe(finishedBatch.output_file_id);
    await expect(client.files.content(after.output_file_id ?? "")).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
  });

  test("an expired file no longer exists", async () => {
    const client = clientOf(testFleet());
    const file = await client.files.create({
      file: fileOf([chatLine("a")]),
      purpose: "batch",
      expires_after: { anchor: "created_at", seconds: 3_600 },
    });
    expect((file.expires_at ?? 0) - file.created_at).toBe(3_600);
    await env.DB.prepare("UPDATE files SET expires_at = 1 WHERE id = ?1").bind(file.id).run();
    await expect(client.files.retrieve(file.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe("an idempotency key", () => {
  test("an idempotency key makes one batch for equal requests and rejects a different request", async () => {
    const client = clientOf(testFleet());
    const { id } = await client.files.create({ file: fileOf([chatLine("a")]), purpose: "batch" });
    const create = (metadata: Record<string, string>) =>
      client.batches.create(
        {
          input_file_id: id,
          endpoint: "/v1/chat/completions",
          completion_window: "24h",
          metadata,
        },
        { headers: { "Idempotency-Key": "nightly-1" } },
      );
    const first = await create(rehearsing("yes"));
    expect((await create(rehearsing("yes"))).id).toBe(first.id);
    await expect(create(rehearsing("no"))).rejects.toBeInstanceOf(OpenAI.ConflictError);
  });
});

describe("models", () => {
  test("the models are those that the fleet serves", async () => {
    const client = clientOf(testFleet({ WORKERS_AI: "bound", MODEL: "@cf/zai-org/glm-5.2" }));
    const ids = (await client.models.list()).data.map(({ id }) => id);
    expect(ids[0]).toBe("@cf/zai-org/glm-5.2");
    expect(new Set(ids).size).toBe(ids.length);
    expect(await client.models.retrieve("@cf/zai-org/glm-5.2")).toMatchObject({
      object: "model",
      owned_by: "zai-org",
    });
    await expect(client.models.retrieve("gpt-9")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe("the sweep", () => {
  const expireSql = "UPDATE files SET created_at = 1, expires_at = 2 WHERE id = ?1";
  const runSweep = async (fleet: TestFleet) => {
    await env.DB.prepare("UPDATE walks SET position = '', due_at = 0").run();
    await sweep(fleet.env);
  };
  const fileIds = async () =>
    (await env.DB.prepare("SELECT id FROM files").all<{ id: string }>()).results.map(
      ({ id }) => id,
    );

  test("the sweep removes expired and incomplete uploads with their objects", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const upload = () => client.files.create({ file: fileOf([chatLine("a")]), purpose: "batch" });
    const [expired, current] = [await upload(), await upload()];
    await env.DB.prepare(expireSql).bind(expired.id).run();
    const incomplete = newFileId();
    await insertFile(env.DB, { id: incomplete, tenant: "default" });
    await env.DB.prepare("UPDATE files SET created_at = 1 WHERE id = ?1").bind(incomplete).run();
    await runSweep(fleet);
    expect(await fileIds()).toContain(current.id);
    expect(await fileIds()).not.toContain(expired.id);
    expect(await fileIds()).not.toContain(incomplete);
    const { objects } = await env.OBJECTS.list({ prefix: `files/default/${expired.id}` });
    expect(objects).toEqual([]);
  });

  test("the sweep keeps output files until their batch is deleted", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const batch = await batchOf(client, [chatLine("a")]);
    await runAll(fleet);
    const { output_file_id } = await client.batches.retrieve(batch.id);
    await runSweep(fleet);
    expect(await fileIds()).toContain(output_file_id);
    await env.DB.prepare("DELETE FROM batches WHERE id = ?1").bind(batch.id).run();
    expect(await fileIds()).not.toContain(output_file_id);
  });
});
