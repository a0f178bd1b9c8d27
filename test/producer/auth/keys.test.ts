import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, test } from "vitest";
import { routes } from "../../../producer/api.ts";
import { countedDatabase } from "../../shared/counted_database.ts";
import { key as fleetKey, send, type TestFleet, task, testFleet } from "../client.ts";

interface Key {
  id: string;
  key: string;
  tenant: string;
  scopes: string[];
}

let fleet: TestFleet;
beforeEach(async () => {
  fleet = testFleet();
  await env.DB.prepare("DELETE FROM api_keys").run();
});

async function createKey(fields: Record<string, unknown>, callerKey = fleetKey): Promise<Key> {
  const answer = await send(
    fleet,
    "POST",
    "/v1/keys",
    { name: "a key", ...fields },
    bearer(callerKey),
  );
  expect(answer.status).toBe(201);
  return answer.json<Key>();
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

async function status(key: string, method = "GET", path = "/v1/tasks", body?: unknown) {
  return (await send(fleet, method, path, body, bearer(key))).status;
}

describe("a key", () => {
  test("a key gives access to its own tenant", async () => {
    const { key, tenant } = await createKey({ tenant: "blue" });
    expect(tenant).toBe("blue");
    expect(await status(key, "POST", "/v1/tasks", task({ policy: "default" }))).toBe(422);
    const { key: own } = await createKey({});
    expect(await status(own, "POST", "/v1/tasks", task())).toBe(202);
  });

  test("only a digest of a key is stored, and no column or list contains its secret", async () => {
    const { key } = await createKey({});
    const [, secret = ""] = key.split(".");
    const { results } = await env.DB.prepare("SELECT * FROM api_keys").all();
    expect(JSON.stringify(results)).not.toContain(secret);
    const text = await (await send(fleet, "GET", "/v1/keys")).text();
    expect(text).toContain("a key");
    expect(text).not.toContain(secret);
    expect(text).not.toContain("sha256");
  });

  it.each<[name: string, change: (key: string) => string]>([
    ["another secret", (key) => `${key.slice(0, -1)}${key.endsWith("A") ? "E" : "A"}`],
    ["no secret", (key) => key.split(".")[0] ?? ""],
    ["an unknown id", (key) => `key_${"0".repeat(26)}.${key.split(".")[1]}`],
    ["two dots", (key) => `${key}.x`],
    ["its digest instead of the secret", (key) => `${key.split(".")[0]}.${"a".repeat(64)}`],
  ])("a key with %s is unknown", async (_name, change) => {
    const { key } = await createKey({});
    expect(await status(key)).toBe(200);
    const answer = await send(fleet, "GET", "/v1/tasks", undefined, bearer(change(key)));
    expect([answer.status, (await answer.json<Answer>()).error.message]).toEqual([
      401,
      "unknown API key: check the key, or ask an admin for a new one",
    ]);
  });

  test("a wrong secret of a known id and an unknown id cost the same work in the store", async () => {
    const { key } = await createKey({});
    const work = async (presented: string) => {
      const counted = countedDatabase(env.DB);
      const counting = testFleet({ DB: counted.db });
      const answer = await send(counting, "GET", "/v1/tasks", undefined, bearer(presented));
      return [
        answer.status,
        counted.rows.statements,
        counted.rows.written,
        answer.headers.get("www-authenticate"),
      ];
    };
    const wrong = await work(`${key.slice(0, -1)}${key.endsWith("A") ? "E" : "A"}`);
    expect(wrong).toEqual(await work(`key_${"0".repeat(26)}.${key.split(".")[1]}`));
    expect(wrong[0]).toBe(401);
  });

  test("an upgrade to a WebSocket is answered as an ordinary request", async () => {
    const upgrade = { ...bearer("wrong"), upgrade: "websocket", connection: "upgrade" };
    const answer = await send(fleet, "GET", "/v1/tasks", undefined, upgrade);
    expect([answer.status, answer.webSocket]).toEqual([401, null]);
  });

  test("a revoked key is rejected with the reason", async () => {
    const { id, key } = await createKey({});
    expect((await send(fleet, "DELETE", `/v1/keys/${id}`)).status).toBe(200);
    const answer = await send(fleet, "GET", "/v1/tasks", undefined, bearer(key));
    expect(answer.status).toBe(401);
    expect((await answer.json<Answer>()).error.message).toContain("revoked");
  });

  test("an expired key is rejected", async () => {
    const { id, key } = await createKey({
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    });
    expect(await status(key)).toBe(200);
    await env.DB.prepare("UPDATE api_keys SET expires_at = 1 WHERE id = ?1").bind(id).run();
    expect(await status(key)).toBe(401);
  });

  test("calls beyond `requests_per_minute` are rejected with retry-after", async () => {
    const { key } = await createKey({ requests_per_minute: 2 });
    const statuses = [await status(key), await status(key)];
    const answer = await send(fleet, "GET", "/v1/tasks", undefined, bearer(key));
    expect([...statuses, answer.status]).toEqual([200, 200, 429]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    await env.DB.prepare("UPDATE api_keys SET window_at = window_at - 1").run();
    expect(await status(key)).toBe(200);
  });

  test("calls that are forbidden or have no route count against the rate", async () => {
    const { key } = await createKey({ requests_per_minute: 3, scopes: ["read"] });
    expect(await status(key, "POST", "/v1/tasks", task())).toBe(403);
    expect(await status(key, "GET", "/v1/nothing")).toBe(404);
    expect(await status(key, "DELETE", "/v1/tasks")).toBe(405);
    for (const [method, path] of [
      ["POST", "/v1/tasks"],
      ["GET", "/v1/nothing"],
      ["DELETE", "/v1/tasks"],
    ] as const) {
      expect(await status(key, method, path)).toBe(429);
    }
  });

  test("a key at its backlog limit cannot add tasks, but can read", async () => {
    const { key } = await createKey({ tenant: "full", backlog: 1 });
    await env.DB.prepare(
      `INSERT INTO tasks (id, tenant, status, attempts, model, policy, sandbox, created_at, sweep_at)
       VALUES ('task_full', 'full', 'queued', 3, 'rehearsal', 'default', 'isolate', 0, 9000000000000)`,
    ).run();
    expect(await status(key, "POST", "/v1/tasks", task())).toBe(429);
    expect(await status(key)).toBe(200);
    await env.DB.prepare("DELETE FROM tasks WHERE id = 'task_full'").run();
    expect(await status(key, "POST", "/v1/tasks", task())).not.toBe(429);
  });

  test("`last_used_at` is updated at most once per interval", async () => {
    const { id, key } = await createKey({});
    await status(key);
    const readUse = () =>
      env.DB.prepare("SELECT last_used_at AS at FROM api_keys WHERE id = ?1")
        .bind(id)
        .first<{ at: number }>();
    const first = await readUse();
    expect(first?.at).toBeGreaterThan(0);
    await status(key);
    expect(await readUse()).toEqual(first);
  });
});

interface Answer {
  error: { message: string };
}

describe("scopes", () => {
  it.each(routes.map(({ method, path, scope }) => [method, path, scope] as const))(
    "%s %s requires the scope %s",
    async (method, path, scope) => {
      const otherScopes = ["submit", "read", "admin"].filter((other) => other !== scope);
      const { key } = await createKey({ scopes: otherScopes });
      const answer = await send(fleet, method, path, undefined, bearer(key));
      expect([answer.status, await answer.text()]).toEqual([
        403,
        expect.stringContaining(`\\"${scope}\\"`),
      ]);
    },
  );
});

describe("creating keys", () => {
  test("an admin can create, list and revoke only keys of its own tenant", async () => {
    const { key: admin } = await createKey({ tenant: "blue", scopes: ["admin"] });
    const { id: foreign } = await createKey({ tenant: "green" });
    const { id: own } = await createKey({}, admin);
    const answer = await send(fleet, "GET", "/v1/keys", undefined, bearer(admin));
    const { keys } = await answer.json<{ keys: Key[] }>();
    expect(keys.every(({ tenant }) => tenant === "blue")).toBe(true);
    expect(keys.map(({ id }) => id)).toContain(own);
    expect(await status(admin, "DELETE", `/v1/keys/${foreign}`)).toBe(404);
    expect(await status(admin, "POST", "/v1/keys", { name: "x", tenant: "green" })).toBe(422);
  });

  it.each<[name: string, body: unknown]>([
    ["no name", {}],
    ["an empty list of scopes", { name: "x", scopes: [] }],
    ["an unknown scope", { name: "x", scopes: ["root"] }],
    ["a time in the past", { name: "x", expires_at: "2020-01-01T00:00:00Z" }],
    ["an invalid tenant", { name: "x", tenant: "a/b" }],
    ["an unknown task field as a default", { name: "x", defaults: { promt: "x" } }],
    ["a prompt as a default", { name: "x", defaults: { prompt: "x" } }],
  ])("%s is rejected", async (_name, body) => {
    const answer = await send(fleet, "POST", "/v1/keys", body);
    expect(answer.status).toBe(422);
  });
});

test.each(["/v1/pause", "/v1/resume", "/v1/models/some-model/pause"])(
  "an admin of another tenant cannot pause what all tenants share: %s",
  async (path) => {
    const { key } = await createKey({ tenant: "blue", scopes: ["admin"] });
    expect(await status(key, "POST", path)).toBe(403);
    const { results } = await env.DB.prepare("SELECT * FROM pauses").all();
    expect(results).toEqual([]);
  },
);

test("without FLEET_API_KEY a stored key is accepted and an unknown one is rejected with 401", async () => {
  const { key } = await createKey({});
  delete fleet.env.FLEET_API_KEY;
  expect(await status(key)).toBe(200);
  expect(await status("stranger")).toBe(401);
  await env.DB.prepare("DELETE FROM api_keys").run();
  expect(await status("stranger")).toBe(503);
});
