/** Lists, redrives and cancels of many tasks take the same filters. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { readRow } from "../../consumer/harness.ts";
import { type ErrorBody, send, type TestFleet, task, testFleet } from "../client.ts";

const day = (n: number): number => Date.UTC(2026, 9, n);
const dayTime = (n: number): string => new Date(day(n)).toISOString();

/** Tasks 0 to 2 are single, 3 and 4 are of a batch; 0, 3 and 4 are queued, 1 runs, 2 is dead. */
async function someTasks(fleet: TestFleet): Promise<{ ids: string[]; batch: string }> {
  await env.DB.prepare("DELETE FROM tasks").run();
  const ids: string[] = [];
  for (const [team, custom_id] of [
    ["ops", "a"],
    ["ops", "b"],
    ["web", "c"],
  ]) {
    const sent = task({ labels: { team }, custom_id });
    const response = await send(fleet, "POST", "/v1/tasks", sent);
    ids.push((await response.json<{ id: string }>()).id);
  }
  const lines = ["d", "e"].map((custom_id) => task({ custom_id, labels: { team: "web" } }));
  const response = await send(fleet, "POST", "/v1/batches", { tasks: lines });
  const batch = (await response.json<{ id: string }>()).id;
  const { results } = await env.DB.prepare("SELECT id FROM tasks WHERE batch_id = ?1 ORDER BY id")
    .bind(batch)
    .all<{ id: string }>();
  ids.push(...results.map(({ id }) => id));
  const change = (sql: string, id = "") => env.DB.prepare(sql).bind(id).run();
  await change("UPDATE tasks SET status = 'running', fence = 1 WHERE id = ?1", ids[1]);
  await change(
    `UPDATE tasks SET status = 'dead', reason = 'attempts_exhausted', fence = 2, sweep_at = NULL,
       error = '{"code":"model_unavailable","message":"m"}', finished_at = 1000 WHERE id = ?1`,
    ids[2],
  );
  for (const [index, id] of ids.entries()) {
    await env.DB.prepare("UPDATE tasks SET created_at = ?2 WHERE id = ?1")
      .bind(id, day(index + 1))
      .run();
  }
  fleet.tasks.sent.length = 0;
  return { ids, batch };
}

describe("GET /v1/tasks", () => {
  it.each<[string, (batch: string) => string, number[]]>([
    ["a custom id", () => "custom_id=b", [1]],
    ["a batch", (batch) => `batch_id=${batch}`, [4, 3]],
    ["a custom id within a batch", (batch) => `batch_id=${batch}&custom_id=e`, [4]],
    ["a time from which on they were accepted", () => `created_after=${dayTime(3)}`, [4, 3, 2]],
    ["a time before which they were accepted", () => `created_before=${dayTime(3)}`, [1, 0]],
    ["both times", () => `created_after=${dayTime(2)}&created_before=${dayTime(3)}`, [1]],
    [
      "a reason and an error code",
      () => "reason=attempts_exhausted&error_code=model_unavailable",
      [2],
    ],
    ["a label and a status", () => "label.team=web&status=queued", [4, 3]],
  ])("takes %s", async (_name, query, expected) => {
    const fleet = testFleet();
    const { ids, batch } = await someTasks(fleet);
    const response = await send(fleet, "GET", `/v1/tasks?${query(batch)}`);
    expect(response.status).toBe(200);
    const { tasks } = await response.json<{ tasks: { id: string }[] }>();
    expect(tasks.map(({ id }) => ids.indexOf(id))).toEqual(expected);
  });

  it("rejects a time that does not exist", async () => {
    const response = await send(testFleet(), "GET", "/v1/tasks?created_after=2026-13-40T00:00:00Z");
    expect(response.status).toBe(422);
    expect(await response.text()).toContain("created_after");
  });
});

interface Cancelled {
  matched: number;
  cancelled: number;
  dry_run: boolean;
  next_cursor: string | null;
}

describe("POST /v1/tasks/cancel", () => {
  it.each<[string, (batch: string) => object, number[]]>([
    ["a label", () => ({ labels: { team: "ops" } }), [0, 1]],
    ["a status", () => ({ status: ["running"] }), [1]],
    ["a custom id", () => ({ custom_id: "d" }), [3]],
    ["a batch", (batch) => ({ batch_id: batch }), [3, 4]],
    ["a batch and a time", (batch) => ({ batch_id: batch, created_after: dayTime(5) }), [4]],
    ["a time, but no settled task", () => ({ created_before: dayTime(4) }), [0, 1]],
  ])("cancels the tasks of %s and no others", async (_name, filter, expected) => {
    const fleet = testFleet();
    const { ids, batch } = await someTasks(fleet);
    const response = await send(fleet, "POST", "/v1/tasks/cancel", filter(batch));
    expect(response.status).toBe(202);
    expect(await response.json<Cancelled>()).toEqual({
      ...{ matched: expected.length, cancelled: expected.length },
      ...{ dry_run: false, next_cursor: null },
    });
    for (const [index, id] of ids.entries()) {
      const { cancel_requested_at } = await readRow(id);
      expect([index, cancel_requested_at !== null]).toEqual([index, expected.includes(index)]);
    }
    // A task that waits settles now.
    const queued = expected.filter((index) => index !== 1);
    expect(fleet.tasks.sent.map(({ task_id }) => ids.indexOf(task_id)).sort()).toEqual(queued);
  });

  it("with `dry_run` counts what it would cancel and changes nothing", async () => {
    const fleet = testFleet();
    const { ids } = await someTasks(fleet);
    const body = { labels: { team: "ops" }, dry_run: true };
    const response = await send(fleet, "POST", "/v1/tasks/cancel", body);
    expect(response.status).toBe(200);
    expect(await response.json<Cancelled>()).toEqual({
      ...{ matched: 2, cancelled: 0 },
      ...{ dry_run: true, next_cursor: null },
    });
    expect((await readRow(ids[0] ?? "")).cancel_requested_at).toBeNull();
    expect(fleet.tasks.sent).toEqual([]);
  });

  it("does not count an already cancelled task again", async () => {
    const fleet = testFleet();
    await someTasks(fleet);
    await send(fleet, "POST", "/v1/tasks/cancel", { status: ["running"] });
    const second = await send(fleet, "POST", "/v1/tasks/cancel", { status: ["running"] });
    expect(await second.json()).toMatchObject({ matched: 0, cancelled: 0 });
  });

  it("takes no task of another tenant", async () => {
    const fleet = testFleet();
    await someTasks(fleet);
    await env.DB.prepare("UPDATE tasks SET tenant = 'other'").run();
    const response = await send(fleet, "POST", "/v1/tasks/cancel", { status: ["queued"] });
    expect(await response.json()).toMatchObject({ matched: 0 });
  });

  it.each<[string, object, string, RegExp]>([
    ["no filter", {}, "status", /at least one of status, reason/],
    ["no filter but dry_run", { dry_run: true }, "status", /at least one of/],
    ["a settled status", { status: ["dead"] }, "status", /queued/],
    ["an unknown field", { team: "ops" }, "team", /unknown field/],
    ["an invalid cursor", { status: ["queued"], cursor: "7" }, "cursor", /next_cursor/],
  ])("rejects %s", async (_name, body, path, message) => {
    const response = await send(testFleet(), "POST", "/v1/tasks/cancel", body);
    expect(response.status).toBe(422);
    const { error } = await response.json<ErrorBody>();
    expect(error.details?.find((detail) => detail.path.startsWith(path))?.message).toMatch(message);
  });
});

describe("POST /v1/tasks/redrive", () => {
  it.each<[string, object, number]>([
    ["a custom id", { custom_id: "c" }, 1],
    ["another custom id", { custom_id: "a" }, 0],
  ])("takes %s", async (_name, filter, expected) => {
    const fleet = testFleet();
    await someTasks(fleet);
    const body = { mode: "restart", ...filter };
    const response = await send(fleet, "POST", "/v1/tasks/redrive", body);
    expect(await response.json()).toMatchObject({ redriven: expected });
  });

  it("takes a batch", async () => {
    const fleet = testFleet();
    const { ids, batch } = await someTasks(fleet);
    await env.DB.prepare(
      "UPDATE tasks SET status = 'failed', reason = 'model_error', fence = 2, sweep_at = NULL WHERE id = ?1",
    )
      .bind(ids[3])
      .run();
    const body = { mode: "restart", batch_id: batch };
    const response = await send(fleet, "POST", "/v1/tasks/redrive", body);
    expect(await response.json()).toMatchObject({ redriven: 1 });
    expect((await readRow(ids[2] ?? "")).status).toBe("dead");
  });

  it("with `dry_run` counts what it would redrive and changes nothing", async () => {
    const fleet = testFleet();
    const { ids } = await someTasks(fleet);
    const body = { mode: "restart", status: ["dead"], dry_run: true };
    const response = await send(fleet, "POST", "/v1/tasks/redrive", body);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      ...{ dry_run: true, matched: 1, redriven: 0, refused: 0 },
      ...{ details: [], next_cursor: null },
    });
    expect((await readRow(ids[2] ?? "")).status).toBe("dead");
    expect(fleet.tasks.sent).toEqual([]);
  });
});
