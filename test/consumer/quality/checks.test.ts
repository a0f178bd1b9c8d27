import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { DurableTask } from "../../../shared/task/task.ts";
import { finalAnswer, readSteps, runTask, toolCall } from "../harness.ts";

const code = `output.text.includes("42") || "The answer must hold 42."`;
const task = (fields: Partial<DurableTask>): DurableTask => ({ prompt: "p", ...fields });
const answers = (...texts: string[]) => texts.map((text) => finalAnswer({ text }));
const verdict = (score: number, reasons = "because") => finalAnswer({ reasons, score });
const parsed = (text: string | null) => JSON.parse(text ?? "null") as unknown;

test("an answer that passes its check is the task's, and the check is a step", async () => {
  const row = await runTask(task({ checks: [{ code }], rehearsal: answers("it is 42") }));
  expect([row.status, row.reason, parsed(row.output)]).toEqual([
    "succeeded",
    "completed",
    { text: "it is 42" },
  ]);
  const steps = await readSteps(row.id);
  expect(steps.map(({ name, status }) => [name, status])).toEqual([
    ["rehearsal", "done"],
    ["check 1", "done"],
  ]);
  expect(parsed(row.quality)).toMatchObject({
    model: "rehearsal",
    checks: [{ name: "check 1", verdict: "passed", failed: 0, errors: 0 }],
    corrections: 0,
  });
  const result = await env.OBJECTS.get(row.result_key ?? "");
  expect(await result?.json()).toMatchObject({ checks: [{ verdict: "passed" }] });
});

test("a failed check goes back to the model, which corrects its answer", async () => {
  const row = await runTask(
    task({ checks: [{ name: "holds 42", code }], rehearsal: answers("it is 41", "it is 42") }),
  );
  expect([row.status, parsed(row.output)]).toEqual(["succeeded", { text: "it is 42" }]);
  const steps = await readSteps(row.id);
  expect(steps.map(({ name, status }) => [name, status])).toEqual([
    ["rehearsal", "done"],
    ["holds 42", "failed"],
    ["final_answer", "refused"],
    ["rehearsal", "done"],
    ["holds 42", "done"],
  ]);
  expect(parsed(row.quality)).toMatchObject({
    checks: [{ verdict: "passed", failed: 1 }],
    corrections: 1,
  });
});

test.each([
  [0, 1],
  [1, 2],
  [2, 3],
])("with limits.corrections %i the task fails after %i answers", async (corrections, calls) => {
  const row = await runTask(
    task({
      checks: [{ code }],
      limits: { corrections },
      rehearsal: answers("1", "2", "3", "4", "5"),
    }),
  );
  expect([row.status, row.reason]).toEqual(["failed", "check_failed"]);
  const error = parsed(row.error) as { code: string; message: string; draft: string };
  expect(error).toMatchObject({ code: "check_failed", draft: `{"text":"${calls}"}` });
  expect(error.message).toContain("The answer must hold 42.");
  expect(parsed(row.usage)).toMatchObject({ model_calls: calls });
});

test("without corrections given, two are made", async () => {
  const row = await runTask(task({ checks: [{ code }], rehearsal: answers("1", "2", "42") }));
  expect(row.status).toBe("succeeded");
});

test.each([
  ["throws", "throw new Error('broken')"],
  ["does not parse", "output.text."],
  ["runs out of fuel", "for (;;) {}"],
  ["has no value", "const x = 1;"],
])("a check that %s is tried twice and neither passes nor fails", async (_why, broken) => {
  const row = await runTask(task({ checks: [{ code: broken }], rehearsal: answers("x", "y") }));
  expect([row.status, row.reason]).toEqual(["failed", "check_failed"]);
  expect(parsed(row.error)).toMatchObject({ code: "check_error" });
  expect(parsed(row.quality)).toMatchObject({ checks: [{ verdict: "error", errors: 2 }] });
  expect([row.attempt, (parsed(row.usage) as { model_calls: number }).model_calls]).toEqual([0, 1]);
});

test("a check reads output, input and files, and imports none of them", async () => {
  const read = `fs.readFileSync("a.js", "utf8") === input.text && output.text === "x"`;
  const imports = `const m = await import("./a.js"); m.default`;
  const requires = `require("./a.js")`;
  const turns = [toolCall("write_file", { path: "a.js", content: "export default true" })];
  for (const [check, expected] of [
    [read, "succeeded"],
    [imports, "failed"],
    [requires, "failed"],
  ]) {
    const row = await runTask(
      task({
        input: { text: "export default true" },
        checks: [{ code: check ?? "" }],
        rehearsal: [...turns, finalAnswer({ text: "x" })],
      }),
    );
    expect([check, row.status]).toEqual([check, expected]);
  }
});

test("a check changes no file and reaches only what the policy permits it to read", async () => {
  const post = `const r = await fetch("https://orders.example/v1", {method: "POST"});
    fs.writeFileSync("left.txt", "x"); r.status === 403 || "it was sent"`;
  const row = await runTask(
    task({ policy: "demo", checks: [{ code: post }], rehearsal: answers("x") }),
  );
  expect(row.status).toBe("succeeded");
  const steps = await readSteps(row.id);
  expect(steps.filter(({ payload }) => "files" in payload)).toEqual([]);
});

test("a judge scores the answer; below `pass_at` its words go back only as far as the task says", async () => {
  const judged = (explain: boolean): DurableTask =>
    task({
      checks: [{ judge: { model: "rehearsal", rubric: "SECRET RUBRIC", pass_at: 0.8, explain } }],
      rehearsal: [
        finalAnswer({ text: "a" }),
        verdict(0.5, "it is too short"),
        finalAnswer({ text: "b" }),
        verdict(0.9),
      ],
    });
  for (const explain of [true, false]) {
    const row = await runTask(judged(explain));
    expect([row.status, parsed(row.output)]).toEqual(["succeeded", { text: "b" }]);
    const steps = await readSteps(row.id);
    const correction = steps.find(({ name }) => name === "final_answer")?.payload;
    const text = correction?.kind === "tool" ? correction.text : "";
    expect([explain, text.includes("it is too short")]).toEqual([explain, explain]);
    expect(text).not.toContain("SECRET");
    expect(parsed(row.quality)).toMatchObject({ checks: [{ verdict: "passed", score: 0.9 }] });
    expect(parsed(row.usage)).toMatchObject({ model_calls: 4 });
  }
});

test("a judge that nothing serves ends the task without an attempt", async () => {
  const row = await runTask(
    task({
      checks: [{ judge: { model: "@cf/not/bound", rubric: "r" } }],
      rehearsal: answers("x"),
    }),
  );
  expect([row.status, row.reason, row.attempt]).toEqual(["failed", "check_failed", 0]);
  expect(parsed(row.error)).toMatchObject({ code: "check_error" });
});

test("checks run in order, and the first that fails ends the round", async () => {
  const row = await runTask(
    task({
      checks: [{ code: "true" }, { code: `"no"` }, { code: "throw 1" }],
      limits: { corrections: 0 },
      rehearsal: answers("x"),
    }),
  );
  const names = (await readSteps(row.id)).map(({ name, status }) => [name, status]);
  expect(names).toEqual([
    ["rehearsal", "done"],
    ["check 1", "done"],
    ["check 2", "failed"],
  ]);
});

test("an answer that was written as text is checked and corrected too", async () => {
  const row = await runTask(
    task({ checks: [{ code }], rehearsal: [{ text: "it is 41" }, { text: "it is 42" }] }),
  );
  expect([row.status, parsed(row.output)]).toEqual(["succeeded", { text: "it is 42" }]);
});

test("steps for checks are kept, so the loop leaves them unused", async () => {
  const list = toolCall("list_files", {});
  const row = await runTask(
    task({
      checks: [{ code: "true" }, { code: "true" }],
      limits: { steps: 7 },
      rehearsal: [list, list, finalAnswer(), finalAnswer()],
    }),
  );
  expect([row.status, (parsed(row.usage) as { steps: number }).steps]).toEqual(["succeeded", 7]);
});
