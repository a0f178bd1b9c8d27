import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, test } from "vitest";
import { routes } from "../../producer/api.ts";
import { key as fleetKey, send, type TestFleet, task, testFleet } from "./client.ts";

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

async function make(wanted: Record<string, unknown>, by = fleetKey): Promise<Key> {
  const answer = await send(fleet, "POST", "/v1/keys", { name: "a key", ...wanted }, bearer(by));
  expect(answer.status).toBe(201);
  return answer.json<Key>();
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

async function status(key: string, method = "GET", path = "/v1/tasks", body?: unknown) {
  return (await send(fleet, method, path, body, bearer(key))).status;
}

describe("a key", () => {
  test("lets its holder in, for its tenant", async () => {
    const { key, tenant } = await make({ tenant: "blue" });
    expect(tenant).toBe("blue");
    expect(await status(key, "POST", "/v1/tasks", task({ policy: "default" }))).toBe(422);
    const { key: own } = await make({});
    expect(await status(own, "POST", "/v1/tasks", task())).toBe(202);
  });

  test("is kept as a digest: no column, no answer and no listing holds its secret", async () => {
    const { key } = await make({});
    const [, secret = ""] = key.split(".");
    const { results } = await env.DB.prepare("SELECT * FROM api_keys").all();
    expect(JSON.stringify(results)).not.toContain(secret);
    const listed = await (await send(fleet, "GET", "/v1/keys")).text();
    expect(listed).toContain("a key");
    expect(listed).not.toContain(secret);
    expect(listed).not.toContain("sha256");
  });

  it.each<[name: string, change: (key: string) => string]>([
    ["another secret", (key) => `${key.slice(0, -1)}${key.endsWith("A") ? "E" : "A"}`],
    ["no secret", (key) => key.split(".")[0] ?? ""],
    ["an unknown id", (key) => `key_${"0".repeat(26)}.${key.split(".")[1]}`],
    ["two dots", (key) => `${key}.x`],
    ["its digest in place of the secret", (key) => `${key.split(".")[0]}.${"a".repeat(64)}`],
  ])("with %s is not known", async (_name, change) => {
    const { key } = await make({});
    expect(await status(key)).toBe(200);
    const answer = await send(fleet, "GET", "/v1/tasks", undefined, bearer(change(key)));
    expect([answer.status, (await answer.json<Answer>()).error.message]).toEqual([
      401,
      "this key is not known",
    ]);
  });

  test("ends when it is revoked, and says so to its holder alone", async () => {
    const { id, key } = await make({});
    expect((await send(fleet, "DELETE", `/v1/keys/${id}`)).status).toBe(200);
    const answer = await send(fleet, "GET", "/v1/tasks", undefined, bearer(key));
    expect(answer.status).toBe(401);
    expect((await answer.json<Answer>()).error.message).toContain("revoked");
  });

  test("ends at its time", async () => {
    const { id, key } = await make({ expires_at: new Date(Date.now() + 3_600_000).toISOString() });
    expect(await status(key)).toBe(200);
    await env.DB.prepare("UPDATE api_keys SET expires_at = 1 WHERE id = ?1").bind(id).run();
    expect(await status(key)).toBe(401);
  });

  test("counts its calls of a minute, and says when to come back", async () => {
    const { key } = await make({ requests_per_minute: 2 });
    const all = [await status(key), await status(key)];
    const answer = await send(fleet, "GET", "/v1/tasks", undefined, bearer(key));
    expect([...all, answer.status]).toEqual([200, 200, 429]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    await env.DB.prepare("UPDATE api_keys SET window_at = window_at - 1").run();
    expect(await status(key)).toBe(200);
  });

  test("adds no task beyond its backlog, and reads all the same", async () => {
    const { key } = await make({ tenant: "full", backlog: 1 });
    await env.DB.prepare(
      `INSERT INTO tasks (id, tenant, status, attempts, model, policy, sandbox, created_at, sweep_at)
       VALUES ('task_full', 'full', 'queued', 3, 'rehearsal', 'default', 'isolate', 0, 9000000000000)`,
    ).run();
    expect(await status(key, "POST", "/v1/tasks", task())).toBe(429);
    expect(await status(key)).toBe(200);
    await env.DB.prepare("DELETE FROM tasks WHERE id = 'task_full'").run();
    expect(await status(key, "POST", "/v1/tasks", task())).not.toBe(429);
  });

  test("is written down as used, once in a while", async () => {
    const { id, key } = await make({});
    await status(key);
    const used = () =>
      env.DB.prepare("SELECT last_used_at AS at FROM api_keys WHERE id = ?1")
        .bind(id)
        .first<{ at: number }>();
    const first = await used();
    expect(first?.at).toBeGreaterThan(0);
    await status(key);
    expect(await used()).toEqual(first);
  });
});

interface Answer {
  error: { message: string };
}

describe("scopes", () => {
  it.each(routes.map(({ method, path, scope }) => [method, path, scope] as const))(
    "%s %s wants the scope %s",
    async (method, path, scope) => {
      const others = ["submit", "read", "admin"].filter((other) => other !== scope);
      const { key } = await make({ scopes: others });
      const answer = await send(fleet, method, path, undefined, bearer(key));
      expect([answer.status, await answer.text()]).toEqual([
        403,
        expect.stringContaining(`\\"${scope}\\"`),
      ]);
    },
  );
});

describe("who makes keys", () => {
  test("an admin makes, sees and revokes those of its own tenant alone", async () => {
    const { key: admin } = await make({ tenant: "blue", scopes: ["admin"] });
    const { id: foreign } = await make({ tenant: "green" });
    const { id: own } = await make({}, admin);
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
    ["a time that is over", { name: "x", expires_at: "2020-01-01T00:00:00Z" }],
    ["a tenant that is no name", { name: "x", tenant: "a/b" }],
    ["a default that no task has", { name: "x", defaults: { promt: "x" } }],
    ["a prompt as a default", { name: "x", defaults: { prompt: "x" } }],
  ])("%s is refused", async (_name, body) => {
    const answer = await send(fleet, "POST", "/v1/keys", body);
    expect(answer.status).toBe(422);
  });
});

test.each(["/v1/pause", "/v1/resume", "/v1/models/some-model/pause"])(
  "what all tenants share is not another tenant's to stop: %s",
  async (path) => {
    const { key } = await make({ tenant: "blue", scopes: ["admin"] });
    expect(await status(key, "POST", path)).toBe(403);
    const { results } = await env.DB.prepare("SELECT * FROM pauses").all();
    expect(results).toEqual([]);
  },
);

test("without the fleet's own key, a key of the table is enough, and a stranger hears 401", async () => {
  const { key } = await make({});
  delete fleet.env.FLEET_API_KEY;
  expect(await status(key)).toBe(200);
  expect(await status("stranger")).toBe(401);
  await env.DB.prepare("DELETE FROM api_keys").run();
  expect(await status("stranger")).toBe(503);
});
