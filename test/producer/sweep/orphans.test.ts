import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { findTaskOrphans } from "../../../producer/sweep/orphans.ts";
import { batchTaskId, newBatchId, newTaskId } from "../../../shared/identity/ids.ts";
import { send, testFleet } from "../client.ts";
import { emptyStores, keys, put, settledTask, sweepAhead } from "./leftovers.ts";

beforeEach(emptyStores);

describe("an object of an existing task", () => {
  it.each([
    ["its body", "task.json", false],
    ["contents of a file", "blobs/abc", false],
    ["the current run", "7/result.json", false],
    ["a run before a redrive", "2/transcript.jsonl", false],
    ["a claim that lost its race", "3/result.json", true],
    ["a claim that lost its race, with a transcript", "6/transcript.jsonl", true],
    ["a future fence", "8/result.json", false],
    ["an unknown path", "else/where", false],
  ])("an object is an orphan only if no row can refer to it: %s", (_, part, orphan) => {
    const id = newTaskId();
    const key = `tasks/default/${id}/${part}`;
    const objects = [{ key, uploaded: new Date(0) }];
    expect(findTaskOrphans(objects, [{ id, fences: [2, 4, 7] }])).toEqual(orphan ? [key] : []);
    expect(findTaskOrphans(objects, [])).toEqual([key]);
    expect(findTaskOrphans(objects, [{ id, fences: null }])).toEqual([]);
  });

  it("an object whose key no fleet builds is kept", () => {
    expect(
      findTaskOrphans([{ key: "tasks/default/notes/a.txt", uploaded: new Date(0) }], []),
    ).toEqual([]);
  });
});

it("objects without an owner are removed after a day, not before", async () => {
  const id = await settledTask(0, { history: [2], fence: 5 });
  const missing = newTaskId();
  const batch = newBatchId();
  const ownObjects = [
    `tasks/default/${id}/2/transcript.jsonl`,
    `tasks/default/${id}/5/result.json`,
    "inputs/default/a/b.csv",
  ];
  const orphans = [
    `tasks/default/${id}/3/result.json`,
    `tasks/default/${missing}/task.json`,
    `tasks/default/${missing}/blobs/abc`,
    `batches/default/${batch}/input.jsonl`,
  ];
  await put(...ownObjects, ...orphans);
  const keysBefore = await keys();
  expect((await sweepAhead(0.9)).removed_objects).toBe(0);
  expect(await keys()).toEqual(keysBefore);
  expect((await sweepAhead(1.1)).removed_objects).toBe(orphans.length);
  expect(await keys()).toEqual(keysBefore.filter((key) => !orphans.includes(key)));
});

it("the body of an unexpanded line is kept until its batch is expanded without it", async () => {
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

it("two concurrent sweeps remove more than a page of orphans in one tick", async () => {
  const missing = newTaskId();
  const names = Array.from({ length: 1_203 }, (_, n) => `tasks/default/${missing}/blobs/${n}`);
  await put(...names);
  const present = await settledTask(0);
  const results = await Promise.all([sweepAhead(2), sweepAhead(2)]);
  expect(results.reduce((sum, { removed_objects }) => sum + removed_objects, 0)).toBe(1_203);
  expect((await keys()).every((key) => key.includes(present))).toBe(true);
}, 60_000);

it("an upload is deleted on request of its owner", async () => {
  const fleet = testFleet();
  await put("inputs/default/a/b.csv");
  const responses = [];
  for (let n = 0; n < 2; n++) {
    const response = await send(fleet, "DELETE", "/v1/inputs/a/b.csv");
    responses.push([response.status, await response.json()]);
  }
  expect(responses).toEqual([
    [200, { key: "a/b.csv", deleted: true }],
    [404, { error: { code: "not_found", message: "no input with the key a/b.csv" } }],
  ]);
  expect((await send(fleet, "DELETE", "/v1/inputs/..%2Fx")).status).toBe(422);
});
