import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { flowLimits } from "../../../shared/limits.ts";
import { listPauses, pause, resume } from "../../../shared/store/flow/pauses.ts";
import { countedDatabase } from "../../shared/counted_database.ts";
import { testFleet } from "../client.ts";

beforeEach(async () => {
  await env.DB.batch(["tasks", "pauses"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});

const parkTasks = (count: number, model: string) =>
  env.DB.prepare(
    `INSERT INTO tasks (id, tenant, status, attempts, model, policy, sandbox, created_at, sweep_at, parked)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     SELECT 'task_' || ?2 || printf('%022d', i), 'default', 'queued', 3, ?2, 'default', 'isolate', 1,
       unixepoch() * 1000 + 3600000, 'paused' FROM n`,
  )
    .bind(count, model)
    .run();

const countParked = async () =>
  (
    await env.DB.prepare("SELECT COUNT(*) AS n FROM tasks WHERE parked IS NOT NULL").first<{
      n: number;
    }>()
  )?.n;

test("a resume wakes one page of its tasks at once and the cron the others, and no others", async () => {
  await parkTasks(flowLimits.wokenPerPage + 20, "m");
  await parkTasks(5, "k");
  for (const name of ["fleet", "model k"]) await pause(env.DB, name);
  await resume(env.DB, "fleet");
  expect(await countParked()).toBe(25);
  expect((await listPauses(env.DB)).map(({ name }) => name)).toEqual(["model k"]);
  await sweep(testFleet().env);
  expect(await countParked()).toBe(5);
  await resume(env.DB, "model k");
  await sweep(testFleet().env);
  expect(await countParked()).toBe(0);
  expect((await env.DB.prepare("SELECT * FROM pauses").all()).results).toEqual([]);
});

test("a resume reads as many rows with many parked tasks as with one page of them", async () => {
  const read: number[] = [];
  for (const pages of [1, 3]) {
    await env.DB.prepare("DELETE FROM tasks").run();
    await parkTasks(pages * flowLimits.wokenPerPage, "m");
    await pause(env.DB, "fleet");
    const counted = countedDatabase(env.DB);
    await resume(counted.db, "fleet");
    read.push(counted.rows.read);
  }
  expect(read[1]).toBeLessThan((read[0] ?? 0) * 1.05);
});
