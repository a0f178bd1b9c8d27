import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { batchTaskRange, newBatchId } from "../../../shared/identity/ids.ts";
import { lines, ndjson, send, type TestFleet, task, testFleet } from "../client.ts";
import { cronMinute, endTasks, getBatch, postBatch } from "./steps.ts";

const source = (fleet: TestFleet) =>
  postBatch(fleet, { tasks: ["a", "b", "c"].map((name) => task({ custom_id: name })) });
const template = {
  prompt: "Check {{item.output.site}}.",
  custom_id: "{{item.custom_id}}",
  rehearsal: [{ text: "ok" }],
};

const end = (id: string, status = "succeeded") =>
  endTasks(id, { status, output: "json_object('site', custom_id || '.example')" });

async function specsOf(id: string): Promise<Record<string, unknown>[]> {
  const { results } = await env.DB.prepare("SELECT spec FROM tasks WHERE batch_id = ?1 ORDER BY id")
    .bind(id)
    .all<{ spec: string }>();
  return results.map(({ spec }) => JSON.parse(spec) as Record<string, unknown>);
}

describe("a batch that follows another (after)", () => {
  it("a follower ends with the reason when a result nests too deep for a task", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    const batchTemplate = { ...template, prompt: "p", input: "{{item.output}}" };
    const next = await postBatch(fleet, { after: { batch: first.id }, template: batchTemplate });
    await end(first.id);
    await env.DB.prepare("UPDATE tasks SET output = ?2 WHERE id = ?1")
      .bind(`${batchTaskRange(first.id).from}000001`, `${"[".repeat(4_000)}${"]".repeat(4_000)}`)
      .run();
    await cronMinute(fleet);
    const { status, error } = await getBatch(fleet, next.id);
    expect([status, error?.code]).toEqual(["finished", "refused"]);
    expect(error?.details).toMatchObject([{ line: 2, message: expect.stringContaining("deep") }]);
  });

  it("a follower waits, then makes its tasks from the results of the other batch", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    const next = await postBatch(fleet, { after: { batch: first.id }, template });
    expect(next).toMatchObject({ status: "running", waiting: true, counts: { total: 0 } });
    await cronMinute(fleet);
    expect(await specsOf(next.id)).toEqual([]);
    await end(first.id);
    await cronMinute(fleet);
    expect(await getBatch(fleet, next.id)).toMatchObject({
      waiting: false,
      counts: { total: 3, queued: 3 },
    });
    expect((await specsOf(next.id)).map(({ prompt }) => prompt)).toEqual([
      "Check a.example.",
      "Check b.example.",
      "Check c.example.",
    ]);
    await Promise.all([cronMinute(fleet), cronMinute(fleet)]);
    expect(await specsOf(next.id)).toHaveLength(3);
  });

  it("a follower with its own lines waits too, as JSON and as NDJSON", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    const follower = await postBatch(fleet, { after: { batch: first.id }, tasks: [task()] });
    const after = encodeURIComponent(JSON.stringify({ batch: first.id, status: ["failed"] }));
    const failed = await postBatch(fleet, lines([task()]), {
      headers: ndjson,
      query: `?after=${after}`,
    });
    expect(await specsOf(follower.id)).toEqual([]);
    await end(first.id);
    await cronMinute(fleet);
    expect(await specsOf(follower.id)).toHaveLength(1);
    expect(await getBatch(fleet, follower.id)).toMatchObject({
      counts: { queued: 1 },
      error: null,
    });
    expect(await getBatch(fleet, failed.id)).toMatchObject({
      status: "cancelling",
      counts: { total: 1, queued: 1 },
      error: { code: "source_without_results" },
    });
  });

  it("a follower of a batch whose tasks have ended starts at once", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    await end(first.id);
    const next = await postBatch(fleet, { after: { batch: first.id }, template });
    expect(await specsOf(next.id)).toHaveLength(3);
  });

  it.each([
    ["failed", async () => {}, "source_without_results"],
    [
      "was cancelled",
      async (fleet: TestFleet, id: string) =>
        void (await send(fleet, "POST", `/v1/batches/${id}/cancel`)),
      "source_cancelled",
    ],
  ])(
    "a follower ends without running, with the reason, when the other batch %s",
    async (_name, before, code) => {
      const fleet = testFleet();
      const first = await source(fleet);
      const next = await postBatch(fleet, { after: { batch: first.id }, template });
      await before(fleet, first.id);
      await end(first.id, code === "source_cancelled" ? "cancelled" : "failed");
      await cronMinute(fleet);
      await cronMinute(fleet);
      expect(await getBatch(fleet, next.id)).toMatchObject({
        status: "finished",
        counts: { total: 0 },
        error: { code, message: expect.stringContaining(first.id) },
      });
    },
  );

  it("the followers of a follower that ends without running end in the same minute", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    const second = await postBatch(fleet, { after: { batch: first.id }, template });
    const thirdBatch = await postBatch(fleet, { after: { batch: second.id }, template });
    await end(first.id, "failed");
    await cronMinute(fleet);
    expect(await getBatch(fleet, thirdBatch.id)).toMatchObject({
      status: "finished",
      error: { code: "source_cancelled", message: `the upstream batch ${second.id} was cancelled` },
    });
  });

  it("a template with a field that the results lack creates no tasks and lists the lines", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    const asking = { ...template, prompt: "{{item.output.email}}" };
    const next = await postBatch(fleet, { after: { batch: first.id }, template: asking });
    await end(first.id);
    await cronMinute(fleet);
    const view = await getBatch(fleet, next.id);
    expect(view).toMatchObject({ status: "finished", error: { code: "refused" } });
    expect(view.error?.details).toHaveLength(3);
  });

  it("a waiting follower can be cancelled", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    const next = await postBatch(fleet, { after: { batch: first.id }, template });
    await send(fleet, "POST", `/v1/batches/${next.id}/cancel`);
    expect(await getBatch(fleet, next.id)).toMatchObject({
      status: "finished",
      counts: { total: 0 },
    });
    await end(first.id);
    await cronMinute(fleet);
    expect(await specsOf(next.id)).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["an unknown batch", { after: { batch: newBatchId() }, template }, "after.batch"],
    ["a template without after", { template }, "after"],
    ["both tasks and a template", { template, tasks: [task()] }, "template"],
    ["neither tasks nor a template", {}, "tasks"],
    [
      "a template with an unknown field",
      { after: { batch: "X" }, template: { promt: "x" } },
      "template.promt",
    ],
  ])("a batch with %s is rejected", async (_name, body, path) => {
    const fleet = testFleet();
    const { id } = await source(fleet);
    const bodyWithId = JSON.parse(
      JSON.stringify(body).replace('"X"', JSON.stringify(id)),
    ) as object;
    const rejection = await postBatch(fleet, bodyWithId, { status: 422 });
    expect(JSON.stringify(rejection.error?.details)).toContain(`"path":"${path}"`);
  });
});
