import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { EvalResponse, EvalRowLine } from "../../../producer/api/evals/responses.ts";
import { advanceDueEvals } from "../../../producer/evals/advance_eval.ts";
import { consumerWith } from "../../consumer/rpc/consumer_stub.ts";
import { endTasks } from "../batches/steps.ts";
import { send, type TestFleet, testFleet } from "../client.ts";

const spec = {
  rows: [
    { text: "a", label: "x" },
    { text: "b", label: "y" },
    { text: "c", label: "x" },
  ],
  template: { prompt: "Label: {{item.text}}", model: "rehearsal", rehearsal: [{ text: "x" }] },
  variants: [{ name: "one" }, { name: "two", prompt: "Name the label of {{item.text}}" }],
  graders: [{ kind: "exact", output: "/text", expect: "label" }],
};

const post = (fleet: TestFleet, body: unknown = spec, headers = {}) =>
  send(fleet, "POST", "/v1/evals", body, headers);

async function created(fleet: TestFleet, body: unknown = spec): Promise<EvalResponse> {
  const response = await post(fleet, body);
  expect(response.status).toBe(202);
  return response.json<EvalResponse>();
}

const getEval = async (fleet: TestFleet, id: string): Promise<EvalResponse> =>
  (await send(fleet, "GET", `/v1/evals/${id}`)).json<EvalResponse>();

const grade = async (fleet: TestFleet, id: string): Promise<EvalResponse> =>
  (await send(fleet, "POST", `/v1/evals/${id}/grade`)).json<EvalResponse>();

/** Ends the tasks of both variants: the first answers "x" always, the second rightly. */
async function answer({ variants }: EvalResponse): Promise<void> {
  const [one, two] = variants.map(({ batch_id }) => batch_id ?? "");
  await endTasks(one ?? "", { output: `json_object('text', 'x')` });
  await endTasks(two ?? "", { output: `json_object('text', IIF(batch_index = 1, 'y', 'x'))` });
}

describe("an evaluation", () => {
  it("runs a batch for each variant, with its own prompt and a label", async () => {
    const fleet = testFleet();
    const { id, status, variants, report } = await created(fleet);
    expect({ status, report }).toEqual({ status: "running", report: null });
    const batch = await send(fleet, "GET", `/v1/batches/${variants[1]?.batch_id}`);
    expect(await batch.json()).toMatchObject({ counts: { total: 3 }, labels: { eval: id } });
    const stored = await env.OBJECTS.get(`batches/default/${variants[1]?.batch_id}/input.jsonl`);
    expect(await stored?.text()).toContain("Name the label of b");
  });

  it("waits for all its batches, then reports accuracy and the paired comparison", async () => {
    const fleet = testFleet();
    const made = await created(fleet);
    expect((await grade(fleet, made.id)).status).toBe("running");
    await answer(made);
    const { status, report } = await grade(fleet, made.id);
    expect(status).toBe("finished");
    expect(report?.variants).toMatchObject([
      { name: "one", rows: 3, accuracy: 2 / 3, invalid: 0, latency_ms: { p50: 4_000 } },
      { name: "two", rows: 3, accuracy: 1 },
    ]);
    expect(report?.comparisons).toMatchObject([{ a: "one", b: "two", only_b: 1, better: null }]);
    expect(report?.agreement).toMatchObject({ pairs: [{ share: 2 / 3 }], label_next: [1] });
  });

  it("is graded by the cron without a call", async () => {
    const fleet = testFleet();
    const made = await created(fleet);
    await answer(made);
    await env.DB.prepare("UPDATE evals SET due_at = 0 WHERE id = ?1").bind(made.id).run();
    await advanceDueEvals(fleet.env);
    expect(await getEval(fleet, made.id)).toMatchObject({ status: "finished" });
  });

  it("is graded by the cron also if an earlier one cannot be read", async () => {
    const fleet = testFleet();
    const [broken, made] = [await created(fleet), await created(fleet)];
    await answer(made);
    await env.OBJECTS.put(`evals/default/${broken.id}/eval.json`, "not JSON");
    const due = "UPDATE evals SET due_at = ?2 WHERE id = ?1";
    await env.DB.batch([broken, made].map(({ id }, at) => env.DB.prepare(due).bind(id, at - 10)));
    await advanceDueEvals(fleet.env);
    expect(await getEval(fleet, made.id)).toMatchObject({ status: "finished" });
  });

  it("shows the rows on which its variants differ, also after the tasks are gone", async () => {
    const fleet = testFleet();
    const made = await created(fleet);
    await answer(made);
    await grade(fleet, made.id);
    await env.DB.prepare("DELETE FROM tasks").run();
    const response = await send(fleet, "GET", `/v1/evals/${made.id}/rows?differs=true`);
    const rows = (await response.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as EvalRowLine);
    expect(rows).toMatchObject([
      {
        row: 1,
        item: { text: "b", label: "y" },
        variants: [
          { name: "one", tries: [{ pass: false, output: { text: "x" }, scores: [0] }] },
          { name: "two", tries: [{ pass: true, output: { text: "y" }, scores: [1] }] },
        ],
      },
    ]);
  });

  it("tries each row as often as `samples` says and reports pass^k", async () => {
    const fleet = testFleet();
    const made = await created(fleet, { ...spec, samples: 2, variants: [{ name: "one" }] });
    const [variant] = made.variants;
    // Tries 0 and 1 are of row 0, and so on: row 0 is right twice, row 1 once, row 2 never.
    await endTasks(variant?.batch_id ?? "", {
      output: "json_object('text', IIF(batch_index IN (0, 1), 'x', IIF(batch_index = 2, 'y', '')))",
    });
    const { report } = await grade(fleet, made.id);
    expect(report?.variants[0]).toMatchObject({ rows: 3, accuracy: 0.5 });
    expect(report?.variants[0]?.pass_powers).toEqual([0.5, 1 / 3]);
  });

  it("counts a task that failed as wrong and as invalid", async () => {
    const fleet = testFleet();
    const made = await created(fleet, { ...spec, variants: [{ name: "one" }] });
    const id = made.variants[0]?.batch_id ?? "";
    await endTasks(id, { status: "failed", to: 1 });
    await endTasks(id, { output: `json_object('text', 'x')` });
    const { report } = await grade(fleet, made.id);
    expect(report?.variants[0]).toMatchObject({ accuracy: 1 / 3, invalid: 1 / 3 });
  });

  it("without graders reports only the agreement", async () => {
    const fleet = testFleet();
    const { graders: _, ...ungraded } = spec;
    const made = await created(fleet, ungraded);
    await answer(made);
    const { report } = await grade(fleet, made.id);
    expect(report).toMatchObject({ graded: false, comparisons: [] });
    expect(report?.agreement.label_next).toEqual([1]);
  });

  it("shows that a variant is no worse within the margin, or that it is not shown", async () => {
    const fleet = testFleet();
    const made = await created(fleet, { ...spec, margin: 0.03 });
    await answer(made);
    const { report } = await grade(fleet, made.id);
    expect(report?.non_inferiority).toMatchObject([
      { variant: "two", reference: "one", margin: 0.03, shown: false },
    ]);
  });

  it("returns the same evaluation for the same idempotency key, and 409 for another body", async () => {
    const fleet = testFleet();
    const headers = { "idempotency-key": "gold-1" };
    const first = await post(fleet, spec, headers);
    const again = await post(fleet, spec, headers);
    expect([first.status, again.status]).toEqual([202, 200]);
    expect((await again.json<EvalResponse>()).id).toBe((await first.json<EvalResponse>()).id);
    expect((await post(fleet, { ...spec, samples: 2 }, headers)).status).toBe(409);
  });

  it("of another tenant is not found", async () => {
    const fleet = testFleet();
    const made = await created(fleet);
    await env.DB.prepare("UPDATE evals SET tenant = 'other' WHERE id = ?1").bind(made.id).run();
    expect((await send(fleet, "GET", `/v1/evals/${made.id}`)).status).toBe(404);
  });

  it("continues after a crash before its batches were created", async () => {
    const fleet = testFleet();
    const made = await created(fleet);
    await env.DB.prepare(
      "UPDATE evals SET status = 'starting', batches = '[]', due_at = 0 WHERE id = ?1",
    )
      .bind(made.id)
      .run();
    await advanceDueEvals(fleet.env);
    expect((await getEval(fleet, made.id)).variants).toEqual(made.variants);
  });

  it("is deleted with its rows and grades", async () => {
    const fleet = testFleet();
    const made = await created(fleet);
    await answer(made);
    await grade(fleet, made.id);
    await send(fleet, "DELETE", `/v1/evals/${made.id}`);
    expect((await send(fleet, "GET", `/v1/evals/${made.id}`)).status).toBe(404);
    expect((await env.OBJECTS.list({ prefix: `evals/default/${made.id}/` })).objects).toEqual([]);
  });
});

describe("an invalid evaluation is rejected with the place of each fault, and nothing runs", () => {
  const faults: [what: string, change: object, path: string, message: RegExp][] = [
    [
      "the right answer in the prompt",
      { template: { prompt: "{{item.label}}" } },
      "variants[0].template",
      /holds the right answer/,
    ],
    [
      "the whole row in the prompt",
      { template: { prompt: "{{item}}" } },
      "variants[0].template",
      /holds the right answer/,
    ],
    [
      "a grader of a missing field",
      { graders: [{ kind: "exact", expect: "other" }] },
      "graders[0].expect",
      /row 0 has no field "other"/,
    ],
    [
      "a pattern with a back-reference",
      { graders: [{ kind: "regex", pattern: "(a)\\1" }] },
      "graders[0].pattern",
      /RE2/,
    ],
    [
      "two variants of one name",
      { variants: [{ name: "one" }, { name: "one" }] },
      "variants[1].name",
      /used twice/,
    ],
    [
      "a field that no row has",
      { template: { ...spec.template, prompt: "{{item.nothing}}" }, variants: [{ name: "one" }] },
      "variants[0].prompt",
      /^row 0: .*not in this item/,
    ],
    [
      "a task that is invalid",
      { template: { prompt: "a", model: "rehearsal" } },
      "variants[0].template.model",
      /turns/,
    ],
  ];
  it.each(faults)("%s", async (_, change, path, message) => {
    const fleet = testFleet();
    const before = await env.DB.prepare("SELECT COUNT(*) AS n FROM batches").first("n");
    const response = await post(fleet, { ...spec, ...change });
    expect(response.status).toBe(422);
    const { error } = await response.json<{
      error: { details: { path: string; message: string }[] };
    }>();
    expect(error.details).toContainEqual({ path, message: expect.stringMatching(message) });
    expect(await env.DB.prepare("SELECT COUNT(*) AS n FROM batches").first("n")).toBe(before);
  });
});

describe("two evaluations", () => {
  it("of the same rows are compared row by row", async () => {
    const fleet = testFleet();
    const [one, two] = [await created(fleet), await created(fleet)];
    for (const made of [one, two]) {
      await answer(made);
      await grade(fleet, made.id);
    }
    const response = await send(fleet, "GET", `/v1/evals/${one.id}/comparison?with=${two.id}`);
    const { comparisons } = await response.json<{
      comparisons: { a: string; b: string; only_b: number }[];
    }>();
    expect(comparisons).toHaveLength(4);
    expect(comparisons[1]).toMatchObject({ a: `one (${one.id})`, b: `two (${two.id})`, only_b: 1 });
  });

  it("of different rows, or that are not finished, are not compared", async () => {
    const fleet = testFleet();
    const one = await created(fleet);
    const two = await created(fleet, { ...spec, rows: spec.rows.slice(1) });
    const compare = () => send(fleet, "GET", `/v1/evals/${one.id}/comparison?with=${two.id}`);
    expect((await compare()).status).toBe(409);
    for (const made of [one, two]) {
      await answer(made);
      await grade(fleet, made.id);
    }
    expect(await (await compare()).json()).toMatchObject({
      error: { message: expect.stringMatching(/different rows/) },
    });
  });
});

describe("a program that grades", () => {
  it("sees the output and the row, and a case on which it fails is not graded", async () => {
    const fleet = testFleet({ CONSUMER: consumerWith() });
    const code =
      "if (row.text === 'c') throw new Error('no'); return output.text === row.label || 'wrong';";
    const made = await created(fleet, { ...spec, graders: [{ kind: "program", code }] });
    await answer(made);
    const { report } = await grade(fleet, made.id);
    expect(report?.variants).toMatchObject([
      { name: "one", rows: 2, accuracy: 0.5, ungraded: 1 },
      { name: "two", rows: 2, accuracy: 1, ungraded: 1 },
    ]);
  });
});

describe("a judge", () => {
  const judged = {
    ...spec,
    variants: [{ name: "one" }],
    graders: [
      {
        kind: "judge",
        model: "rehearsal",
        rubric: "Is the label right?",
        calibration: [{ item: { text: "d" }, output: { text: "x" }, pass: true }],
      },
    ],
  };

  it("sees the start of an answer that is too long for a task, and the evaluation continues", async () => {
    const fleet = testFleet({ MODEL_BASE_URL: "http://127.0.0.1:9/v1" });
    const made = await created(fleet, {
      ...judged,
      graders: [{ ...judged.graders[0], model: "judge" }],
    });
    const long = "json_object('text', hex(zeroblob(300000)))";
    await endTasks(made.variants[0]?.batch_id ?? "", { output: long });
    expect((await grade(fleet, made.id)).status).toBe("judging");
  });

  it("gives its verdicts in batches of their own, and is reported as verdicts until it is calibrated", async () => {
    const fleet = testFleet({ MODEL_BASE_URL: "http://127.0.0.1:9/v1" });
    // The scripted model has no turns of its own, so a judge cannot be the rehearsal.
    const made = await created(fleet, {
      ...judged,
      graders: [{ ...judged.graders[0], model: "judge" }],
    });
    await endTasks(made.variants[0]?.batch_id ?? "", { output: `json_object('text', 'x')` });
    expect((await grade(fleet, made.id)).status).toBe("judging");
    const row = await env.DB.prepare("SELECT judges FROM evals WHERE id = ?1")
      .bind(made.id)
      .first<{ judges: string }>();
    const batches = JSON.parse(row?.judges ?? "[]") as { variant: number | null; batch: string }[];
    expect(batches.map(({ variant }) => variant)).toEqual([0, null]);
    const [verdicts, labelled] = batches.map(({ batch }) => batch);
    const input = await env.OBJECTS.get(`batches/default/${verdicts}/input.jsonl`);
    expect(await input?.text()).toContain(`"answer":{"text":"x"}`);
    await endTasks(verdicts ?? "", {
      output: "json_object('reasons', 'r', 'score', IIF(batch_index = 0, 0.9, 0.2))",
    });
    await endTasks(labelled ?? "", { output: "json_object('reasons', 'r', 'score', 1)" });
    const { status, report } = await grade(fleet, made.id);
    expect(status).toBe("finished");
    expect(report?.variants[0]).toMatchObject({ accuracy: 1 / 3, corrected_accuracy: null });
    expect(report?.judges).toMatchObject([
      { model: "judge", reported_as: "verdicts", calibration: { rows: 1, agreement: 1 } },
    ]);
  });
});
