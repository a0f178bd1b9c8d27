import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { DurableTask } from "../../../shared/task/task.ts";
import { storesKilledAt } from "../faulty_stores.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  readSteps,
  runTask,
  testConsumer,
  toolCall,
} from "../harness.ts";

const callsMax = 60;
const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
const answer = (n: number) => finalAnswer({ n });
const verdict = (score: number) => finalAnswer({ reasons: "r", score });
const wrong = [answer(1), verdict(1), answer(2), verdict(0.1), answer(2), verdict(0.1)];

/** A sample whose first answer passes; one that is corrected in vain; one without agreement; an escalation. */
const task: DurableTask = {
  prompt: "p",
  attempts: 10,
  output_schema: schema,
  samples: { count: 3 },
  checks: [
    { name: "positive", code: `output.n > 0 || "must be positive"` },
    { judge: { model: "rehearsal", rubric: "r", pass_at: 0.5, explain: true } },
  ],
  limits: { corrections: 1, steps: 60 },
  escalate: [{ model: "rehearsal", share_failure: true }],
  rehearsal: [
    ...wrong,
    answer(3),
    verdict(0.9),
    toolCall("write_file", { path: "a", content: "y".repeat(12_000) }),
    answer(-4),
    answer(4),
    verdict(0.9),
  ],
};

test.each([
  ["before", false],
  ["after", true],
])(
  "a task with samples, checks and an escalation ends the same when its worker is killed %s any store call",
  { timeout: 120_000 },
  async (_name, isApplied) => {
    const undisturbed = await runTask(task);
    const names = (await readSteps(undisturbed.id)).map(({ name, status }) => [name, status]);
    for (let k = 1; k < callsMax; k++) {
      const id = await acceptTask(task);
      const stores = storesKilledAt(k, isApplied);
      await deliverMessages(testConsumer(stores.env), [id]);
      for (let delivery = 0; delivery < 3; delivery++) {
        await env.DB.prepare("UPDATE tasks SET lease_until = 0, not_before = NULL WHERE id = ?1")
          .bind(id)
          .run();
        await deliverMessages(testConsumer(), [id]);
      }
      const row = await readRow(id);
      expect([k, row.status, row.output]).toEqual([k, "succeeded", '{"n":4}']);
      const steps = await readSteps(id);
      const seqs = steps.map((step) => step.seq);
      expect(seqs).toEqual(seqs.map((_seq, n) => n + 1));
      expect([k, steps.map(({ name, status }) => [name, status])]).toEqual([k, names]);
      expect(JSON.parse(row.usage)).toMatchObject({ model_calls: 12 });
      if (stores.calls() < k) return expect(stores.calls()).toBeGreaterThan(15);
    }
    throw new Error(`the task needs more than ${callsMax} store calls`);
  },
);
