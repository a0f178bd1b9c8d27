import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Redriven } from "../../producer/tasks/redrive_many.ts";
import { rowOf } from "../consumer/harness.ts";
import { type Refusal, send, type TestFleet, task, testFleet } from "./client.ts";

const day = (n: number): number => Date.UTC(2026, 9, n);

/** One task that ended as told, accepted on that day of October. */
async function ended(fleet: TestFleet, end: [string, string, string, string, number]) {
  const [status, reason, code, team, created] = end;
  const answer = await send(fleet, "POST", "/v1/tasks", task({ labels: { team, part: "a" } }));
  const { id } = await answer.json<{ id: string }>();
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

async function five(fleet: TestFleet): Promise<string[]> {
  await env.DB.prepare("DELETE FROM tasks").run();
  const ids = [
    await ended(fleet, ["dead", "attempts_exhausted", "model_unavailable", "ops", 1]),
    await ended(fleet, ["dead", "attempts_exhausted", "store_fault", "ops", 2]),
    await ended(fleet, ["failed", "model_error", "model_rejected", "ops", 3]),
    await ended(fleet, ["cancelled", "cancelled", "cancelled", "web", 4]),
    await ended(fleet, ["succeeded", "completed", "none", "ops", 5]),
  ];
  fleet.tasks.sent.length = 0;
  return ids;
}

const at = (n: number): string => new Date(day(n)).toISOString();

it.each<[string, object, number[]]>([
  ["of a status", { status: ["dead"] }, [0, 1]],
  ["of a reason", { reason: "model_error" }, [2]],
  ["with an error's code", { error_code: "store_fault" }, [1]],
  ["with a label", { labels: { team: "web" } }, [3]],
  ["with all labels that are named", { labels: { team: "ops", part: "b" } }, []],
  ["accepted from a time on", { created_after: at(3) }, [2, 3]],
  ["accepted before a time", { created_before: at(3) }, [0, 1]],
  [
    "that fit everything",
    { status: ["dead", "failed"], labels: { team: "ops" }, created_after: at(2) },
    [1, 2],
  ],
])("redrives the tasks %s and leaves the others", async (_what, filter, expected) => {
  const fleet = testFleet();
  const ids = await five(fleet);
  const answer = await send(fleet, "POST", "/v1/tasks/redrive", { mode: "resume", ...filter });
  expect(answer.status).toBe(202);
  const told = await answer.json<Redriven>();
  expect(told).toEqual({ redriven: expected.length, refused: 0, details: [], next_cursor: null });
  const sent = fleet.tasks.sent.map(({ task_id }) => ids.indexOf(task_id)).sort();
  expect(sent).toEqual(expected);
  for (const index of expected) {
    expect(await rowOf(ids[index] ?? "")).toMatchObject({ status: "queued", resumed_from: 2 });
  }
});

it("reaches no task of another tenant", async () => {
  const fleet = testFleet();
  const ids = await five(fleet);
  await env.DB.prepare("UPDATE tasks SET tenant = 'other'").run();
  const answer = await send(fleet, "POST", "/v1/tasks/redrive", {
    mode: "restart",
    status: ["dead"],
  });
  expect(await answer.json()).toMatchObject({ redriven: 0 });
  expect((await rowOf(ids[0] ?? "")).status).toBe("dead");
});

it.each<[string, object, string, RegExp]>([
  ["no filter", { mode: "resume" }, "status", /at least one of status, reason, error_code, labels/],
  [
    "a time that does not exist",
    { mode: "resume", created_after: "2026-13-40T00:00:00Z" },
    "created_after",
    /no time/,
  ],
  ["a foreign cursor", { mode: "resume", status: ["dead"], cursor: "7" }, "cursor", /next_cursor/],
  ["an unknown filter", { mode: "resume", team: "ops" }, "team", /unknown field/],
])("refuses %s and redrives nothing", async (_what, body, path, mend) => {
  const fleet = testFleet();
  await five(fleet);
  const answer = await send(fleet, "POST", "/v1/tasks/redrive", body);
  expect(answer.status).toBe(422);
  const { error } = await answer.json<Refusal>();
  expect(error.details?.find((detail) => detail.path === path)?.message).toMatch(mend);
  expect(fleet.tasks.sent).toEqual([]);
});

it.each<[string, number[]]>([
  ["", [1, 0]],
  ["?error_code=store_fault", [1]],
  ["?label.team=ops&status=dead", [1, 0]],
  ["?label.team=web", []],
])(
  "dead letters are asked for by %j, each with its cause and what its attempts met",
  async (query, expected) => {
    const fleet = testFleet();
    const ids = await five(fleet);
    const answer = await send(fleet, "GET", `/v1/dead_letters${query}`);
    const { tasks } = await answer.json<{ tasks: { id: string }[] }>();
    expect(tasks.map(({ id }) => ids.indexOf(id))).toEqual(expected);
    for (const one of tasks) {
      expect(one).toMatchObject({
        cause: { class: "retry", last_step: "3 rehearsal" },
        attempt_errors: [{ attempt: 1, class: "retry", at: "1970-01-01T00:00:01.000Z" }],
      });
    }
  },
);

it("dead letters of another status are refused", async () => {
  const answer = await send(testFleet(), "GET", "/v1/dead_letters?status=failed");
  expect(answer.status).toBe(422);
  expect(await answer.text()).toContain("GET /v1/tasks");
});
