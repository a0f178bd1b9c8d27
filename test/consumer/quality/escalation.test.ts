import { expect, test } from "vitest";
import type { DurableTask } from "../../../shared/task/task.ts";
import { finalAnswer, readSteps, runTask } from "../harness.ts";

const code = `output.text === "right" || "It is wrong."`;
const answer = (text: string) => finalAnswer({ text });
const task = (fields: Partial<DurableTask>): DurableTask => ({
  prompt: "p",
  checks: [{ code }],
  limits: { corrections: 0 },
  ...fields,
});
const parsed = (text: string | null) => JSON.parse(text ?? "null") as Record<string, unknown>;

test("what a model cannot do goes to the next one, which starts from the beginning", async () => {
  const row = await runTask(
    task({
      escalate: [{ model: "rehearsal", when: ["check_failed"] }],
      rehearsal: [answer("wrong"), answer("right")],
    }),
  );
  expect([row.status, parsed(row.output)]).toEqual(["succeeded", { text: "right" }]);
  expect(parsed(row.quality)).toMatchObject({
    escalations: 1,
    usage_by_model: { rehearsal: { model_calls: 2 } },
  });
  const steps = await readSteps(row.id);
  expect(steps.map(({ name, payload }) => [name, payload.thread?.tier])).toEqual([
    ["rehearsal", undefined],
    ["check 1", undefined],
    ["escalate", 1],
    ["rehearsal", 1],
    ["check 1", 1],
  ]);
});

test("an escalation whose causes do not fit is skipped", async () => {
  const row = await runTask(
    task({
      escalate: [{ model: "rehearsal", when: ["no_progress"] }, { model: "rehearsal" }],
      rehearsal: [answer("wrong"), answer("right")],
    }),
  );
  expect([row.status, parsed(row.quality).escalations]).toEqual(["succeeded", 1]);
  const none = await runTask(
    task({
      escalate: [{ model: "rehearsal", when: ["no_progress"] }],
      rehearsal: [answer("wrong"), answer("right")],
    }),
  );
  expect([none.status, none.reason]).toEqual(["failed", "check_failed"]);
});

test("samples that disagree escalate to a model that answers once", async () => {
  const row = await runTask(
    task({
      checks: [],
      samples: { count: 3 },
      escalate: [{ model: "rehearsal", when: ["no_agreement"], share_failure: true }],
      rehearsal: [answer("a"), answer("b"), answer("c"), answer("d")],
    }),
  );
  expect([row.status, parsed(row.output)]).toEqual(["succeeded", { text: "d" }]);
});

test("the last model's failure is the task's", async () => {
  const row = await runTask(
    task({
      escalate: Array.from({ length: 4 }, () => ({ model: "rehearsal" })),
      rehearsal: Array.from({ length: 6 }, () => answer("wrong")),
    }),
  );
  expect([row.status, row.reason]).toEqual(["failed", "check_failed"]);
  expect(parsed(row.usage)).toMatchObject({ model_calls: 5 });
});
