/** What OpenAI's own client is told of bad lines, errors, other tenants, lists, files and ends. */
import { env } from "cloudflare:workers";
import OpenAI from "openai";
import { describe, expect, it, test } from "vitest";
import { sweep } from "../../producer/sweep/sweep.ts";
import { newFileId } from "../../shared/ids.ts";
import { beginFile } from "../../shared/store/files.ts";
import { send, type TestFleet, testFleet } from "./client.ts";
import {
  batchOf,
  chatLine,
  clientOf,
  fileOf,
  otherTenant,
  runAll,
  saying,
} from "./openai_client.ts";

describe("a file of bad lines", () => {
  test("makes a failed batch that names line, field and code of each", async () => {
    const client = clientOf(testFleet());
    const made = await batchOf(client, [
      chatLine("a"),
      "{not json",
      chatLine("a"),
      { ...chatLine("b"), url: "/v1/responses" },
      chatLine("c", { logit_bias: { 50256: -100 } }),
      chatLine("d", { temperature: 9 }),
      chatLine("e", { tools: [{ type: "function", function: { name: "pay", parameters: {} } }] }),
      chatLine("f", { messages: [{ role: "user", content: [{ type: "image_url" }] }] }),
      { method: "POST", url: "/v1/chat/completions", body: { messages: [] } },
      chatLine("g", { model: "nobody/serves-this" }),
    ]);
    expect(made).toMatchObject({ status: "failed", request_counts: { total: 0 } });
    expect(made.failed_at).toBeGreaterThan(0);
    const told = await client.batches.retrieve(made.id);
    expect(told.errors?.data?.map(({ line, param, code }) => [line, param, code])).toEqual([
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
    expect(await tasks.bind(made.id).first()).toEqual({ n: 0 });
  });

  test("of blank lines alone is refused as a whole", async () => {
    const made = await batchOf(clientOf(testFleet()), ["", ""]);
    expect(made).toMatchObject({ status: "failed", errors: { data: [{ code: "empty_file" }] } });
  });
});

describe("errors are the client's own", () => {
  const create = (client: OpenAI, more: object) =>
    batchOf(client, [chatLine("a")], more as Partial<OpenAI.BatchCreateParams>);

  it.each<[name: string, more: object, param: string]>([
    ["an endpoint that is none", { endpoint: "/v1/embeddings" }, "endpoint"],
    ["a window that is none", { completion_window: "soon" }, "completion_window"],
    ["a window that is too long", { completion_window: "900h" }, "completion_window"],
    ["an unknown field", { output_expires_after: { seconds: 1 } }, "output_expires_after"],
    ["a policy that is none", { metadata: { policy: "none-such" } }, "metadata.policy"],
    ["a tool that is none", { metadata: { tools: "read_file, run_cde" } }, "metadata.tools[1]"],
    ["limits that are no JSON", { metadata: { limits: "many" } }, "metadata.limits"],
    ["limits that are too high", { metadata: { limits: '{"steps": 0}' } }, "metadata.limits.steps"],
    ["a ceiling that is none", { metadata: { batch_limits: "{}x" } }, "metadata.batch_limits"],
    [
      "a webhook that nobody signs",
      { metadata: { webhook: '{"url": "https://a.example", "secret": "NONE"}' } },
      "metadata.webhook",
    ],
  ])("%s", async (_name, more, param) => {
    const error = await create(clientOf(testFleet()), more).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ status: 400, type: "invalid_request_error", param });
  });

  test("a wrong key", async () => {
    const error = await clientOf(testFleet(), "sk-none")
      .models.list()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ code: "invalid_api_key" });
  });

  it.each<[name: string, purpose: string, file: File]>([
    ["another purpose", "fine-tune", fileOf([chatLine("a")])],
    ["an empty file", "batch", fileOf([])],
  ])("a file with %s is not kept", async (_name, purpose, file) => {
    const client = clientOf(testFleet());
    const upload = client.files.create({ file, purpose: purpose as OpenAI.FilePurpose });
    await expect(upload).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    const held = await env.OBJECTS.list({ prefix: "files/" });
    const rows = await env.DB.prepare("SELECT id FROM files WHERE bytes IS NULL").all();
    expect(rows.results).toEqual([]);
    expect(held.objects.filter(({ size }) => size === 0)).toEqual([]);
  });

  it.each<[name: string, fields: Record<string, string>, param: string, says: string]>([
    ["no purpose", {}, "purpose", 'is missing: write "batch"; what tasks read'],
    ["another purpose", { purpose: "vision" }, "purpose", 'instead of "vision"; what tasks read'],
    ["a field that is none", { purpose: "batch", x: "1" }, "x", "unknown: the form takes purpose"],
    [
      "an anchor that is none",
      { purpose: "batch", "expires_after[anchor]": "now", "expires_after[seconds]": "3600" },
      "expires_after[anchor]",
      'write "created_at"',
    ],
    [
      "too short a time",
      { purpose: "batch", "expires_after[anchor]": "created_at", "expires_after[seconds]": "9" },
      "expires_after[seconds]",
      "a whole number from 3600",
    ],
    [
      "an anchor alone",
      { purpose: "batch", "expires_after[anchor]": "created_at" },
      "expires_after[seconds]",
      "is missing",
    ],
    [
      "a time without its anchor",
      { purpose: "batch", "expires_after[seconds]": "3600" },
      "expires_after[anchor]",
      "write created_at",
    ],
  ])("a form with %s", async (_name, fields, param, says) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set("file", fileOf([chatLine("a")]));
    const request = new Request("https://fleet/", { method: "POST", body: form });
    const answer = await send(testFleet(), "POST", "/openai/v1/files", request.body ?? "", {
      "content-type": request.headers.get("content-type") ?? "",
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { param, message: expect.stringContaining(says) } },
    ]);
  });

  it.each<[name: string, body: BodyInit, type: string, status: number]>([
    ["JSON in place of a form", "{}", "application/json", 415],
    ["a form without a boundary", "x", "multipart/form-data", 400],
    [
      "a form that breaks off",
      "--x\r\ncontent-disposition: form-data; name=a\r\n\r\nb",
      "multipart/form-data; boundary=x",
      400,
    ],
    [
      "a name that nobody can decode",
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

  test("a path that is none, and a wrong method", async () => {
    const answer = await send(testFleet(), "GET", "/openai/v1/embeddings");
    expect(await answer.json()).toMatchObject({ error: { code: "not_found", param: null } });
    const wrong = await send(testFleet(), "DELETE", "/openai/v1/batches");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST, GET"]);
  });
});

describe("files and batches of another tenant", () => {
  test("do not exist", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const made = await batchOf(client, [chatLine("a")]);
    const stranger = await otherTenant(fleet);
    const calls = [
      () => stranger.files.retrieve(made.input_file_id),
      () => stranger.files.content(made.input_file_id),
      () => stranger.files.delete(made.input_file_id),
      () => stranger.batches.retrieve(made.id),
      () => stranger.batches.cancel(made.id),
      () =>
        stranger.batches.create({
          input_file_id: made.input_file_id,
          endpoint: "/v1/chat/completions",
          completion_window: "24h",
        }),
    ];
    for (const call of calls) {
      const error = await call().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    }
    expect((await stranger.files.list()).data).toEqual([]);
    expect((await stranger.batches.list()).data).toEqual([]);
    expect((await client.files.retrieve(made.input_file_id)).id).toBe(made.input_file_id);
  });

  test("nor does a batch that was made in the fleet's own shape", async () => {
    const fleet = testFleet();
    const tasks = [{ prompt: "p", rehearsal: [{ text: "yes" }] }];
    const answer = await send(fleet, "POST", "/v1/batches", { tasks });
    const { id } = await answer.json<{ id: string }>();
    const client = clientOf(fleet);
    await expect(client.batches.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    const listed = [];
    for await (const batch of client.batches.list()) listed.push(batch.id);
    expect(listed).not.toContain(id);
  });
});

describe("listings", () => {
  test("are paged by the client, newest first", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const made = [];
    for (const name of ["a", "b", "c"]) made.push(await batchOf(client, [chatLine(name)]));
    const page = await client.batches.list({ limit: 2 });
    expect(page.data.map(({ id }) => id)).toEqual([made[2]?.id, made[1]?.id]);
    expect(page.has_more).toBe(true);
    const next = await page.getNextPage();
    expect(next.data[0]?.id).toBe(made[0]?.id);

    const files = [];
    for await (const file of client.files.list({ limit: 2, purpose: "batch" })) files.push(file.id);
    expect(files.slice(0, 3)).toEqual(made.toReversed().map((batch) => batch.input_file_id));
    const oldest = await client.files.list({ order: "asc", limit: 1 });
    expect(oldest.data[0]?.id).toBe(files.at(-1));
  });

  it.each([
    "files?limit=0",
    "files?after=x",
    "files?purpose=vision",
    "batches?limit=101",
    "batches?x=1",
  ])("refuses %s", async (path) => {
    expect((await send(testFleet(), "GET", `/openai/v1/${path}`)).status).toBe(400);
  });
});

describe("a file", () => {
  test("is deleted, and its batch goes on", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const made = await batchOf(client, [chatLine("a")]);
    expect(await client.files.delete(made.input_file_id)).toMatchObject({ deleted: true });
    await expect(client.files.retrieve(made.input_file_id)).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
    await runAll(fleet);
    const done = await client.batches.retrieve(made.id);
    expect(done.status).toBe("completed");
    await client.files.delete(done.output_file_id ?? "");
    const after = await client.batches.retrieve(made.id);
    expect(after.output_file_id).toBe(done.output_file_id);
    await expect(client.files.content(after.output_file_id ?? "")).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
  });

  test("is gone once its time is over", async () => {
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

describe("one idempotency key", () => {
  test("makes one batch, however often the client asks, and takes no other question", async () => {
    const client = clientOf(testFleet());
    const { id } = await client.files.create({ file: fileOf([chatLine("a")]), purpose: "batch" });
    const ask = (metadata: Record<string, string>) =>
      client.batches.create(
        {
          input_file_id: id,
          endpoint: "/v1/chat/completions",
          completion_window: "24h",
          metadata,
        },
        { headers: { "Idempotency-Key": "nightly-1" } },
      );
    const first = await ask(saying("yes"));
    expect((await ask(saying("yes"))).id).toBe(first.id);
    await expect(ask(saying("no"))).rejects.toBeInstanceOf(OpenAI.ConflictError);
  });
});

describe("models", () => {
  test("are those that this fleet serves", async () => {
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

describe("what is past its time", () => {
  const old = "UPDATE files SET created_at = 1, expires_at = 2 WHERE id = ?1";
  const swept = async (fleet: TestFleet) => {
    await env.DB.prepare("UPDATE walks SET position = '', due_at = 0").run();
    await sweep(fleet.env);
  };
  const idsIn = async () =>
    (await env.DB.prepare("SELECT id FROM files").all<{ id: string }>()).results.map(
      ({ id }) => id,
    );

  test("are uploads, with their objects, and such as were never finished", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const upload = () => client.files.create({ file: fileOf([chatLine("a")]), purpose: "batch" });
    const [gone, young] = [await upload(), await upload()];
    await env.DB.prepare(old).bind(gone.id).run();
    const half = newFileId();
    await beginFile(env.DB, { id: half, tenant: "default" });
    await env.DB.prepare("UPDATE files SET created_at = 1 WHERE id = ?1").bind(half).run();
    await swept(fleet);
    expect(await idsIn()).toContain(young.id);
    expect(await idsIn()).not.toContain(gone.id);
    expect(await idsIn()).not.toContain(half);
    const { objects } = await env.OBJECTS.list({ prefix: `files/default/${gone.id}` });
    expect(objects).toEqual([]);
  });

  test("are output files, which go with their batch", async () => {
    const fleet = testFleet();
    const client = clientOf(fleet);
    const made = await batchOf(client, [chatLine("a")]);
    await runAll(fleet);
    const { output_file_id } = await client.batches.retrieve(made.id);
    await swept(fleet);
    expect(await idsIn()).toContain(output_file_id);
    await env.DB.prepare("DELETE FROM batches WHERE id = ?1").bind(made.id).run();
    expect(await idsIn()).not.toContain(output_file_id);
  });
});
