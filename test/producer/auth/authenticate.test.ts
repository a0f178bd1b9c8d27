import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { routes } from "../../../producer/api.ts";
import { newBatchId, newFileId, newTaskId } from "../../../shared/identity/ids.ts";
import { insertTasks } from "../../../shared/store/tasks/submissions.ts";
import { key, send, testFleet } from "../client.ts";

const noAuthorization = { authorization: "" };

describe("authentication", () => {
  it.each<[name: string, header: string, configured: string | undefined, status: number]>([
    ["a call without a header is rejected", "", key, 401],
    ["another scheme is rejected", `Basic ${key}`, key, 401],
    ["another key is rejected", "Bearer other", key, 401],
    ["a prefix of the key is rejected", `Bearer ${key.slice(0, -1)}`, key, 401],
    ["the key with a suffix is rejected", `Bearer ${key}x`, key, 401],
    ["any key is rejected if none is configured", `Bearer ${key}`, undefined, 503],
    ["an empty key is rejected even if an empty one is configured", "Bearer ", "", 503],
    ["the key is accepted", `Bearer ${key}`, key, 200],
    ["the scheme may be in any case", `bearer ${key}`, key, 200],
  ])("%s", async (_name, authorization, configured, status) => {
    const fleet = testFleet();
    if (configured === undefined) delete fleet.env.FLEET_API_KEY;
    else fleet.env.FLEET_API_KEY = configured;
    const answer = await send(fleet, "GET", "/v1/tasks", undefined, { authorization });
    expect(answer.status).toBe(status);
    const text = await answer.text();
    expect(text).not.toContain(key);
    const presented = /^bearer +\S/i.test(authorization);
    if (status === 401) {
      const challenge = `Bearer realm="fleet"${presented ? ', error="invalid_token"' : ""}`;
      expect(answer.headers.get("www-authenticate")).toBe(challenge);
    }
    if (status === 503) expect(text).toContain("FLEET_API_KEY");
  });

  it.each(routes.map((route) => [route.method, route.path]))(
    "%s %s requires a key",
    async (method, path) => {
      const answer = await send(testFleet(), method, path, undefined, noAuthorization);
      expect(answer.status).toBe(401);
    },
  );

  it.each(["/v1/nothing", "/v1/tasks/x/y/z"])(
    "%s answers 401 without a key, although it does not exist",
    async (path) => {
      const answer = await send(testFleet(), "DELETE", path, undefined, noAuthorization);
      expect(answer.status).toBe(401);
    },
  );

  it.each(["/", "/healthz", "/openapi.json"])("%s needs no key", async (path) => {
    const answer = await send(testFleet(), "GET", path, undefined, noAuthorization);
    expect(answer.status).toBe(200);
  });
});

describe("another tenant's task and batch do not exist", () => {
  const id = newTaskId();
  const batch = newBatchId();
  const file = newFileId();

  it.each(
    routes
      // All tenants share the models, and only the operator names tenants.
      .filter(({ path }) => path.includes(":id") && !/^\/v1\/(models|tenants)\//.test(path))
      .map((route) => [route.method, route.path] as const),
  )("%s %s", async (method, path) => {
    await insertTasks(env.DB, [foreign(id)]);
    await env.DB.prepare(
      `INSERT INTO batches (id, tenant, status, total, input_key, created_at, openai)
       VALUES (?1, 'other', 'running', 1, 'x', 0, '{}') ON CONFLICT DO NOTHING`,
    )
      .bind(batch)
      .run();
    await env.DB.prepare(
      `INSERT INTO files (id, tenant, filename, purpose, bytes, created_at)
       VALUES (?1, 'other', 'x', 'batch', 1, 0) ON CONFLICT DO NOTHING`,
    )
      .bind(file)
      .run();
    const fleet = testFleet();
    const real = path
      .replace(":id", /v1\/batches/.test(path) ? batch : /openai.*files/.test(path) ? file : id)
      .replace("*", "a.csv");
    const body = method === "POST" ? { mode: "restart" } : undefined;
    const answer = await send(fleet, method, real, body);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain("other");
    expect(fleet.tasks.sent).toEqual([]);
    const row = await env.DB.prepare("SELECT cancel_requested_at AS at FROM tasks WHERE id = ?1")
      .bind(id)
      .first<{ at: number | null }>();
    expect(row).toEqual({ at: null });
  });
});

const foreign = (id: string) => ({
  id,
  tenant: "other",
  batch_id: null,
  batch_index: null,
  custom_id: null,
  idempotency_key: null,
  body_hash: null,
  attempts: 3,
  model: "rehearsal",
  policy: "default",
  sandbox: "isolate",
  priority: "normal" as const,
  labels: "{}",
  spec: '{"prompt":"x"}',
  not_before: null,
  expires_at: null,
});
