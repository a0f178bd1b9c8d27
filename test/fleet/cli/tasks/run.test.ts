/** `fleet run`: one task, its steps live on standard error, its answer on standard output. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fakeFleet, fleet, type Script, taskWith, usage } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-run-"));
afterAll(() => rmSync(folder, { recursive: true }));
const schema = path.join(folder, "age.json");
writeFileSync(schema, '{"type": "object"}');

const step = (seq: number, name: string, output: unknown) => ({
  seq,
  kind: name === "run_code" ? "tool" : "model",
  name,
  status: "done",
  started_at: "2026-01-01T00:00:00.000Z",
  duration_ms: 1_200,
  output,
});
const steps = [
  step(1, "m", { text: "", calls: [{ name: "run_code", arguments: { code: "6*7" } }] }),
  step(2, "run_code", "42"),
  step(3, "m", { text: "It is 42.", calls: [] }),
];
const running = (count: number) => ({
  body: taskWith({
    ...{ status: "running", reason: null, output: null, finished_at: null },
    usage: { ...usage, steps: count },
  }),
});
const script = (end: object): Script => ({
  "POST /v1/tasks": { status: 202, body: taskWith({ status: "queued", output: null }) },
  "GET /v1/tasks/task_1": [running(0), running(2), { body: taskWith(end) }],
  "GET /v1/tasks/task_1/steps": [{ body: { steps: steps.slice(0, 2) } }, { body: { steps } }],
});

describe("`fleet run`", () => {
  test("prints each step once, and only the answer on standard output", async () => {
    const { url, received } = await fakeFleet(script({ output: { text: "It is 42." } }));
    const args = ["run", "What is 6*7?", "--file", schema, "--model", "m", "--limits", "steps=5"];
    const result = await fleet([...args, "--url", url]);
    expect(result).toMatchObject({ code: 0, out: "It is 42.\n" });
    expect(result.err.trim().split("\n")).toEqual([
      "task_1",
      '1. m, 1.2 s: → run_code { "code": "6*7" }',
      "2. run_code, 1.2 s: 42",
      "3. m, 1.2 s: It is 42.",
    ]);
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({
      prompt: "What is 6*7?",
      model: "m",
      limits: { steps: 5 },
      files: { "age.json": { base64: btoa('{"type": "object"}') } },
    });
  });

  test("prints an answer with a schema as JSON", async () => {
    const { url, received } = await fakeFleet(script({ output: { age: 7 } }));
    const result = await fleet(["run", "How old?", "--schema", schema, "--url", url]);
    expect(JSON.parse(result.out)).toEqual({ age: 7 });
    expect(JSON.parse(received[0]?.body ?? "")).toMatchObject({
      output_schema: { type: "object" },
    });
  });

  test("exits 1 with the cause and no output if the task fails", async () => {
    const error = { code: "model_rejected", message: "HTTP 401" };
    const end = { status: "failed", reason: "model_error", output: null, error } as const;
    const { url } = await fakeFleet(script(end));
    const result = await fleet(["run", "How old?", "--url", url]);
    expect(result).toMatchObject({ code: 1, out: "" });
    expect(result.err).toContain("failed (model_error): model_rejected: HTTP 401");
  });

  test("with `--json` prints only the task", async () => {
    const { url } = await fakeFleet(script({ output: { text: "It is 42." } }));
    const { out, err } = await fleet(["run", "What?", "--json", "--url", url]);
    expect([JSON.parse(out).output, err]).toEqual([{ text: "It is 42." }, ""]);
  });

  test("reads a prompt from standard input, fetches a large answer, and submits a new task each time", async () => {
    const { url, received } = await fakeFleet({
      ...script({ output: null }),
      "GET /v1/tasks/task_1/result": { body: { output: { text: "long" } } },
    });
    const options = { stdin: "What?\n" };
    expect((await fleet(["run", "-", "--url", url], options)).out).toBe("long\n");
    await fleet(["run", "-", "--url", url], options);
    const posts = received.filter(({ method }) => method === "POST");
    expect(posts.map(({ body }) => JSON.parse(body).prompt)).toEqual(["What?", "What?"]);
    expect(new Set(posts.map(({ headers }) => headers["idempotency-key"])).size).toBe(2);
  });
});
