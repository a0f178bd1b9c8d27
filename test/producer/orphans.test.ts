import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { taskOrphans } from "../../producer/sweep/orphans.ts";
import { batchTaskId, newBatchId, newTaskId } from "../../shared/ids.ts";
import { send, testFleet } from "./client.ts";
import { empty, keys, put, settledTask, sweepAhead } from "./leftovers.ts";

beforeEach(empty);

describe("an object below a task that is there", () => {
  it.each([
    ["its body", "task.json", false],
    ["contents of a file", "blobs/abc", false],
    ["the run at hand", "7/result.json", false],
    ["a run before a redrive", "2/transcript.jsonl", false],
    ["a claim that lost its race", "3/result.json", true],
    ["a claim that lost its race, with a transcript", "6/transcript.jsonl", true],
    ["a fence that is still to come", "8/result.json", false],
    ["something that is none of ours", "else/where", false],
  ])("is no orphan unless nothing can point at it: %s", (_, part, orphan) => {
    const id = newTaskId();
    const key = `tasks/default/${id}/${part}`;
    const held = [{ key, uploaded: new Date(0) }];
    expect(taskOrphans(held, [{ id, fences: [2, 4, 7] }])).toEqual(orphan ? [key] : []);
    expect(taskOrphans(held, [])).toEqual([key]);
    expect(taskOrphans(held, [{ id, fences: null }])).toEqual([]);
  });

  it("is left alone where its key is not made by a fleet", () => {
    expect(taskOrphans([{ key: "tasks/default/notes/a.txt", uploaded: new Date(0) }], [])).toEqual(
      [],
    );
  });
});

it("objects without an owner go after a day, and not before", async () => {
  const id = await settledTask(0, { history: [2], fence: 5 });
  const gone = newTaskId();
  const batch = newBatchId();
  const mine = [
    `tasks/default/${id}/2/transcript.jsonl`,
    `tasks/default/${id}/5/result.json`,
    "inputs/default/a/b.csv",
  ];
  const orphans = [
    `tasks/default/${id}/3/result.json`,
    `tasks/default/${gone}/task.json`,
    `tasks/default/${gone}/blobs/abc`,
    `batches/default/${batch}/input.jsonl`,
  ];
  await put(...mine, ...orphans);
  const all = await keys();
  expect((await sweepAhead(0.9)).removed_objects).toBe(0);
  expect(await keys()).toEqual(all);
  expect((await sweepAhead(1.1)).removed_objects).toBe(orphans.length);
  expect(await keys()).toEqual(all.filter((key) => !orphans.includes(key)));
});

it("the body of a line that is still to become a task stays, and goes when its batch is whole without it", async () => {
  const id = newBatchId();
  await env.DB.prepare(
    `INSERT INTO batches (id, tenant, status, total, expanded, input_key, created_at)
     VALUES (?1, 'default', 'running', 9, 3, ?2, 0)`,
  )
    .bind(id, `batches/default/${id}/input.jsonl`)
    .run();
  await put(`tasks/default/${batchTaskId(id, 5)}/task.json`, `batches/default/${id}/input.jsonl`);
  expect((await sweepAhead(2)).removed_objects).toBe(0);
  await env.DB.prepare("UPDATE batches SET expanded = total").run();
  expect((await sweepAhead(4)).removed_objects).toBe(1);
  expect(await keys()).toEqual([`batches/default/${id}/input.jsonl`]);
});

it("more than a page of them goes in one tick, by two sweeps at once", async () => {
  const gone = newTaskId();
  const names = Array.from({ length: 1_203 }, (_, n) => `tasks/default/${gone}/blobs/${n}`);
  await put(...names);
  const kept = await settledTask(0);
  const both = await Promise.all([sweepAhead(2), sweepAhead(2)]);
  expect(both.reduce((sum, { removed_objects }) => sum + removed_objects, 0)).toBe(1_203);
  expect((await keys()).every((key) => key.includes(kept))).toBe(true);
}, 60_000);

it("an upload is deleted when its owner says so", async () => {
  const fleet = testFleet();
  await put("inputs/default/a/b.csv");
  const answers = [];
  for (let n = 0; n < 2; n++) {
    const answer = await send(fleet, "DELETE", "/v1/inputs/a/b.csv");
    answers.push([answer.status, await answer.json()]);
  }
  expect(answers).toEqual([
    [200, { key: "a/b.csv", deleted: true }],
    [404, { error: { code: "not_found", message: "no input has the key a/b.csv" } }],
  ]);
  expect((await send(fleet, "DELETE", "/v1/inputs/..%2Fx")).status).toBe(422);
});
