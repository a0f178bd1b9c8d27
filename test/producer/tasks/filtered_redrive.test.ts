import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Redriven } from "../../../producer/tasks/redrive/redrive_many.ts";
import { readRow } from "../../consumer/harness.ts";
import { type ErrorBody, send, type TestFleet, task, testFleet } from "../client.ts";

const day = (n: number): number => Date.UTC(2026, 9, n);

/** One settled task that was accepted on a day of October. */
async function settledTask(fleet: TestFleet, end: [string, string, string, string, number]) {
  const [status, reason, code, team, created] = end;
  const response = await send(fleet, "POST", "/v1/tasks", task({ labels: { team, part: "a" } }));
  const { id } = await response.json<{ id: string }>();
  await env.DB.prepare(
    `UPDATE tasks SET status = ?2, reason = ?3, error = json_object('code', ?4, 'message', 'm',
       'class', 'retry', 'last_step', '3 rehearsal'), errors = json_array(json_object('attempt', 1,
       'code', ?4, 'class', 'retry', 'at', 1000)), created_at = ?5, sweep_at = NULL, fence = 2,
       finished_at = 1000, result_key = 'x', transcript = '{"workspace":{}}' WHERE id = ?1`,
  )
    .bind(id, status, reason, code, day(created))
    .run();
  return id;
}

async function fiveTasks(fleet: TestFleet): Promise<string[]> {
  await env.DB.prepare("DELETE FROM tasks").run();
  const ids = [
    await settledTask(fleet, ["dead", "attempts_exhausted", "model_unavailable", "ops", 1]),
    await settledTask(fleet, ["dead", "attempts_exhausted", "store_fault", "ops", 2]),
    await settledTask(fleet, ["failed", "model_error", "model_rejected", "ops", 3]),
    await settledTask(fleet, ["cancelled", "cancelled", "cancelled", "web", 4]),
    await settledTask(fleet, ["succeeded", "completed", "none", "ops", 5]),
  ];
  fleet.tasks.sent.length = 0;
  return ids;
}

const dayTime = (n: number): string => new Date(day(n)).toISOString();

it.each<[string, object, number[]]>([
  ["with a status", { status: ["dead"] }, [0, 1]],
  ["with a reason", { reason: "model_error" }, [2]],
  ["with an error code", { error_code: "store_fault" }, [1]],
  ["with a label", { labels: { team: "web" } }, [3]],
  ["with all given labels", { labels: { team: "ops", part: "b" } }, []],
  ["accepted at or after a time", { created_after: dayTime(3) }, [2, 3]],
  ["accepted before a time", { created_before: dayTime(3) }, [0, 1]],
  [
    "that match several filters",
    { status: ["dead", "failed"], labels: { team: "ops" }, created_after: dayTime(2) },
    [1, 2],
  ],
])("a filtered redrive takes the tasks %s and no others", async (_case, filter, expected) => {
  const fleet = testFleet();
  const ids = await fiveTasks(fleet);
  const response = await send(fleet, "POST", "/v1/tasks/redrive", { mode: "resume", ...filter });
  expect(response.status).toBe(202);
  const report = await response.json<Redriven>();
  expect(report).toEqual({ redriven: expected.length, refused: 0, details: [], next_cursor: null });
  const sent = fleet.tasks.sent.map(({ task_id }) => ids.indexOf(task_id)).sort();
  expect(sent).toEqual(expected);
  for (const index of expected) {
    expect(await readRow(ids[index] ?? "")).toMatchObject({ status: "queued", resumed_from: 2 });
  }
});

it("a filtered redrive takes no task of another tenant", async () => {
  const fleet = testFleet();
  const ids = await fiveTasks(fleet);
  await env.DB.prepare("UPDATE tasks SET tenant = 'other'").run();
  const response = await send(fleet, "POST", "/v1/tasks/redrive", {
    mode: "restart",
    status: ["dead"],
  });
  expect(await response.json()).toMatchObject({ redriven: 0 });
  expect((await readRow(ids[0] ?? "")).status).toBe("dead");
});

it.each<[string, object, string, RegExp]>([
  ["no filter", { mode: "resume" }, "status", /at least one of status, reason, error_code, labels/],
  [
    "a time that does not exist",
    { mode: "resume", created_after: "2026-13-40T00:00:00Z" },
    "created_after",
    /invalid time/,
  ],
  ["an invalid cursor", { mode: "resume", status: ["dead"], cursor: "7" }, "cursor", /next_cursor/],
  ["an unknown filter", { mode: "resume", team: "ops" }, "team", /unknown field/],
])("a filtered redrive with %s is rejected", async (_case, body, path, message) => {
  const fleet = testFleet();
  await fiveTasks(fleet);
  const response = await send(fleet, "POST", "/v1/tasks/redrive", body);
  expect(response.status).toBe(422);
  const { error } = await response.json<ErrorBody>();
  expect(error.details?.find((detail) => detail.path === path)?.message).toMatch(message);
  expect(fleet.tasks.sent).toEqual([]);
});

it.each<[string, number[]]>([
  ["", [1, 0]],
  ["?error_code=store_fault", [1]],
  ["?label.team=ops&status=dead", [1, 0]],
  ["?label.team=web", []],
])(
  "the dead letters of %j are listed with their cause and the errors of their attempts",
  async (query, expected) => {
    const fleet = testFleet();
    const ids = await fiveTasks(fleet);
    const response = await send(fleet, "GET", `/v1/dead_letters${query}`);
    const { tasks } = await response.json<{ tasks: { id: string }[] }>();
    expect(tasks.map(({ id }) => ids.indexOf(id))).toEqual(expected);
    for (const dead of tasks) {
      expect(dead).toMatchObject({
        cause: { class: "retry", last_step: "3 rehearsal" },
        attempt_errors: [{ attempt: 1, class: "retry", at: "1970-01-01T00:00:01.000Z" }],
      });
    }
  },
);

it("a list of dead letters with another status is rejected", async () => {
  const response = await send(testFleet(), "GET", "/v1/dead_letters?status=failed");
  expect(response.status).toBe(422);
  expect(await response.text()).toContain("GET /v1/tasks");
});
