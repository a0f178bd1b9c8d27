import { expect, test } from "vitest";
import type { DurableTask } from "../../../shared/task/task.ts";
import { finalAnswer, readSteps, runTask, toolCall } from "../harness.ts";

const schema = {
  type: "object",
  properties: { label: { type: "string" }, why: { type: "string" } },
  required: ["label"],
};
const label = (name: string, why = "") => finalAnswer({ label: name, why });
const task = (fields: Partial<DurableTask>): DurableTask => ({
  prompt: "p",
  output_schema: schema,
  ...fields,
});
const parsed = (text: string | null) => JSON.parse(text ?? "null") as Record<string, unknown>;
const agreeOn = (count: number, need?: number): NonNullable<DurableTask["samples"]> => ({
  count,
  agree_on: ["/label"],
  ...(need === undefined ? {} : { need }),
});

test("samples vote, and stop as soon as the majority is reached", async () => {
  const row = await runTask(
    task({
      samples: agreeOn(5),
      rehearsal: [label("a", "1"), label("b"), label("a", "2"), label("a", "3"), label("b")],
    }),
  );
  expect([row.status, parsed(row.output)]).toEqual(["succeeded", { label: "a", why: "1" }]);
  expect(parsed(row.quality).agreement).toMatchObject({
    ...{ samples: 4, count: 5, need: 3, agreed: 3 },
    classes: [
      { value: { "/label": "a" }, count: 3 },
      { value: { "/label": "b" }, count: 1 },
    ],
  });
  const steps = await readSteps(row.id);
  expect(steps.map(({ payload }) => payload.thread?.sample)).toEqual([1, 2, 3, 4]);
});

test("samples that cannot agree any more end the task with their classes", async () => {
  const row = await runTask(
    task({ samples: agreeOn(4, 3), rehearsal: [label("a"), label("b"), label("c"), label("d")] }),
  );
  expect([row.status, row.reason]).toEqual(["failed", "no_agreement"]);
  expect(parsed(row.error).message).toContain(`{"/label":"a"} (1), {"/label":"b"} (1)`);
  expect(parsed(row.usage)).toMatchObject({ model_calls: 3 });
});

test("each sample has a workspace, a seed and a temperature of its own", async () => {
  const write = (content: string) => toolCall("write_file", { path: "a.txt", content });
  const read = toolCall("read_file", { path: "a.txt" });
  const row = await runTask(
    task({
      samples: agreeOn(2, 2),
      rehearsal: [write("one"), label("a"), read, label("a")],
    }),
  );
  expect(row.status).toBe("succeeded");
  const steps = await readSteps(row.id);
  const texts = steps.flatMap(({ payload }) => (payload.kind === "tool" ? payload.text : []));
  expect(texts[1]).not.toContain("one");
});

test("only samples that pass their checks vote", async () => {
  const row = await runTask(
    task({
      samples: agreeOn(3, 2),
      checks: [{ code: `output.label !== "a" || "not a"` }],
      limits: { corrections: 0 },
      rehearsal: [label("a"), label("b"), label("b")],
    }),
  );
  expect([row.status, parsed(row.output)]).toMatchObject(["succeeded", { label: "b" }]);
  expect(parsed(row.quality).agreement).toMatchObject({ samples: 3, agreed: 2 });
});

test("a sample that gives no answer does not vote", async () => {
  const bad = finalAnswer({});
  const row = await runTask(
    task({
      samples: agreeOn(3, 2),
      rehearsal: [bad, bad, bad, bad, bad, bad, label("b"), label("b")],
    }),
  );
  expect([row.status, row.reason, parsed(row.output)]).toMatchObject([
    "succeeded",
    "completed",
    { label: "b" },
  ]);
});

test("budgets are totals over all samples", async () => {
  const row = await runTask(
    task({
      samples: agreeOn(5),
      limits: { model_calls: 2 },
      rehearsal: [label("a"), label("b"), label("a"), label("a"), label("a")],
    }),
  );
  expect([row.status, row.reason]).toEqual(["failed", "budget_model_calls"]);
  expect(parsed(row.usage)).toMatchObject({ model_calls: 2 });
});

test("samples send no request that is neither GET nor HEAD", async () => {
  const post = toolCall("fetch_url", { url: "https://orders.example/v1/orders", method: "POST" });
  const row = await runTask(
    task({
      policy: "demo",
      samples: agreeOn(2, 2),
      rehearsal: [post, label("a"), post, label("a")],
    }),
  );
  expect(row.status).toBe("succeeded");
  expect(parsed(row.usage)).toMatchObject({ egress_requests: 0 });
});
