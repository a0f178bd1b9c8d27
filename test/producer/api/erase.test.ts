import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { erasureLimits } from "../../../shared/limits.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  testConsumer,
  toolCall,
} from "../../consumer/harness.ts";
import { send, testFleet } from "../client.ts";

const task = {
  prompt: "p",
  rehearsal: [toolCall("write_file", { path: "a", content: "x" }), finalAnswer()],
};
const tables =
  "tasks,task_tallies,egress_log,batches,schedules,api_keys,files,webhooks,inbox_dead,spend,ticks";

async function rowsOf(tenant: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of tables.split(",")) {
    const sql = `SELECT COUNT(*) AS n FROM ${table} WHERE tenant = ?1`;
    counts[table] = (await env.DB.prepare(sql).bind(tenant).first<{ n: number }>())?.n ?? -1;
  }
  return counts;
}

const keysOf = async (tenant: string): Promise<string[]> =>
  (await env.OBJECTS.list()).objects
    .map(({ key }) => key)
    .filter((key) => key.includes(`/${tenant}/`));

async function erase(tenant: string) {
  const fleet = testFleet();
  const total = { rows: 0, objects: 0, calls: 0, left: [] as string[] };
  for (let cursor: string | null = ""; cursor !== null; total.calls += 1) {
    const query = cursor === "" ? "" : `?cursor=${encodeURIComponent(cursor)}`;
    const answer = await send(fleet, "POST", `/v1/tenants/${tenant}/erase${query}`);
    const step = (await answer.json()) as typeof total & { next_cursor: string | null };
    total.rows += step.rows;
    total.objects += step.objects;
    total.left = step.left;
    cursor = step.next_cursor;
  }
  return total;
}

test("an erasure removes every row and object of one tenant and none of another, and says what is left", async () => {
  for (const tenant of ["gone", "kept"]) {
    const ids = [await acceptTask(task, { tenant }), await acceptTask(task, { tenant })];
    await deliverMessages(testConsumer(), ids);
    await acceptTask(task, { tenant, not_before: Date.now() + 3_600_000 });
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO api_keys (id, tenant, name, secret_sha256, scopes, defaults, created_at)
         VALUES ('key_' || ?1, ?1, 'n', 's' || ?1, '[]', '{}', 1)`,
      ).bind(tenant),
      env.DB.prepare(
        `INSERT INTO inbox_dead (id, tenant, body, problem, received_at)
         VALUES ('m' || ?1, ?1, '{}', '{}', 1)`,
      ).bind(tenant),
      env.DB.prepare(
        `INSERT INTO spend (tenant, day, model, calls, prompt_tokens, cached_tokens, completion_tokens,
           unpriced_tokens, cost_usd) VALUES (?1, '2026-11-25', 'm', 1, 1, 0, 1, 0, 0.1)`,
      ).bind(tenant),
    ]);
    await env.OBJECTS.put(`inputs/${tenant}/data.csv`, "a,b");
  }
  const before = await rowsOf("kept");
  const keptKeys = await keysOf("kept");
  expect((await keysOf("gone")).length).toBe(keptKeys.length);
  expect(before.tasks).toBe(3);

  const total = await erase("gone");
  expect(Object.values(await rowsOf("gone")).every((n) => n === 0)).toBe(true);
  expect(await keysOf("gone")).toEqual([]);
  expect(await rowsOf("kept")).toEqual(before);
  expect(await keysOf("kept")).toEqual(keptKeys);
  expect(total.left.join("\n")).toContain("Time Travel: 30 days");
  const bodies = "SELECT COUNT(*) AS n, COUNT(body_id) AS m FROM tasks";
  const rows = await env.DB.prepare(bodies).first<{ m: number }>();
  expect(rows?.m).toBe(
    (await env.DB.prepare("SELECT COUNT(*) AS n FROM task_bodies").first<{ n: number }>())?.n,
  );
  expect(await erase("gone")).toMatchObject({ rows: 0, objects: 0 });
});

test("an erasure of many tasks reads a bounded number of rows with each call", async () => {
  const many = erasureLimits.taskRowsPerStep + 5;
  await env.DB.prepare(
    `INSERT INTO tasks (id, tenant, status, attempts, model, policy, sandbox, created_at, sweep_at, not_before)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     SELECT 'task_' || printf('%026d', i), 'many', 'queued', 3, 'm', 'default', 'isolate', 1, 9e15, 9e15 FROM n`,
  )
    .bind(many)
    .run();
  expect(await erase("many")).toMatchObject({ rows: many });
});

test.each([
  ["a cursor that no call returned", "POST", "/v1/tenants/x/erase?cursor=nonsense:", 422],
  ["a name that is no tenant", "POST", "/v1/tenants/a%2Fb/erase", 422],
])("%s is refused", async (_name, method, path, status) => {
  expect((await send(testFleet(), method, path)).status).toBe(status);
});
