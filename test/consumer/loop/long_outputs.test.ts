/** Outputs that are too long to be shown, and conversations that are too long for their model. */
import { afterEach, expect, test, vi } from "vitest";
import type { Step } from "../../../shared/step.ts";
import { bench, call, finish, runTask, stepsOf } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const answersOf = (steps: readonly Step[]): string[] =>
  steps.flatMap(({ payload }) => (payload.kind === "tool" ? [payload.text] : []));
const lines = "Array.from({ length: 9000 }, (_, n) => 'line ' + n).join('\\n')";

test("an output over the cap is read on through its file, by the model and by its programs", async () => {
  const row = await runTask({
    prompt: "p",
    rehearsal: [
      call("run_code", { code: lines }),
      call("read_file", { path: ".outputs/2.txt", offset: 4_001, limit: 2 }),
      call("run_code", { code: "fs.readFileSync('.outputs/2.txt', 'utf8').split('\\n').length" }),
      call("write_file", { path: ".outputs/2.txt", content: "x" }),
      call("list_files", {}),
      finish(),
    ],
  });
  const [cut = "", part, count, refused, listed] = answersOf(await stepsOf(row.id));
  expect(cut).toMatch(/characters left out; the whole output is the file \.outputs\/2\.txt/);
  expect([cut.length < 21_000, cut.startsWith("line 0\n"), cut.endsWith("line 8999")]).toEqual([
    true,
    true,
    true,
  ]);
  expect(part).toContain("line 4000\n4002\tline 4001");
  expect([count, listed]).toEqual(["9000", "The workspace is empty."]);
  expect(refused).toContain("cannot be written");
});

/** An endpoint that plays its replies in order and keeps what it was sent. */
function endpoint(
  replies: ((body: { messages: object[] }) => Response)[],
): { messages: object[] }[] {
  const sent: { messages: object[] }[] = [];
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    const body = JSON.parse(String(init.body)) as { messages: object[] };
    sent.push(body);
    return (replies[sent.length - 1] ?? said("done"))(body);
  });
  return sent;
}
const said = (content: string, prompt_tokens?: number) => () =>
  Response.json({
    choices: [{ finish_reason: "stop", message: { content } }],
    ...(prompt_tokens === undefined ? {} : { usage: { prompt_tokens, completion_tokens: 9 } }),
  });
const running = (code: string) => () =>
  Response.json({
    choices: [
      {
        finish_reason: "tool_calls",
        message: {
          content: "",
          tool_calls: [
            { id: "x", function: { name: "run_code", arguments: JSON.stringify({ code }) } },
          ],
        },
      },
    ],
  });
const overflow = () =>
  Response.json({ error: { code: 5021, message: "window (6000)" } }, { status: 400 });
const long = "Array.from({ length: 1200 }, (_, n) => 'entry ' + n).join('\\n')";
const weight = (body: { messages: object[] } | undefined) => JSON.stringify(body?.messages).length;
const on = (more: object = {}) => bench({ MODEL_BASE_URL: "http://m.invalid/v1", ...more });

test("a conversation that overflows is made shorter once, and goes on", async () => {
  const sent = endpoint([running(long), running(`${long} + 1`), overflow, said("done")]);
  const row = await runTask({ prompt: "p", model: "m" }, { bench: on(), deliveriesMax: 1 });
  expect([row.status, row.attempt]).toEqual(["succeeded", 0]);
  expect(JSON.parse(row.quirks)).toContain("outputs_elided");
  expect(weight(sent[3])).toBeLessThan(weight(sent[2]) / 2);
  expect(JSON.stringify(sent[3])).toContain(".outputs/2.txt");
});

test("one that overflows again ends as model_overflow", async () => {
  endpoint([running(long), overflow, overflow, said("never")]);
  const row = await runTask({ prompt: "p", model: "m" }, { bench: on(), deliveriesMax: 1 });
  expect([row.status, row.reason, JSON.parse(row.error ?? "").code]).toEqual([
    "failed",
    "model_error",
    "model_overflow",
  ]);
  expect(JSON.parse(row.usage).model_calls).toBe(3);
});

test("one in which nothing can be elided is not sent again", async () => {
  const sent = endpoint([overflow]);
  const row = await runTask({ prompt: "p", model: "m" }, { bench: on(), deliveriesMax: 1 });
  expect([row.status, JSON.parse(row.error ?? "").code, sent.length]).toEqual([
    "failed",
    "model_overflow",
    1,
  ]);
});

test("an endpoint that cuts the front off without a word is found, told and given less", async () => {
  const talk = "a word and another one, ".repeat(1_500);
  const sent = endpoint([
    running(JSON.stringify(talk)),
    said("of what?", 4_096),
    said("done", 3_000),
  ]);
  const row = await runTask({ prompt: "p", model: "m" }, { bench: on(), deliveriesMax: 1 });
  expect([row.status, JSON.parse(row.output ?? "")]).toEqual(["succeeded", { text: "done" }]);
  expect(JSON.parse(row.quirks)).toEqual(
    expect.arrayContaining(["prompt_truncated", "outputs_elided"]),
  );
  expect(weight(sent[2])).toBeLessThan(3 * 4_096);
});

test("at three quarters of its window a conversation is made shorter before it overflows", async () => {
  const MODEL_PROFILES = '{"m": {"window_tokens": 12000, "output_tokens_max": 2000}}';
  const sent = endpoint([
    ...Array.from({ length: 9 }, (_, n) => running(`${long} + ${n}`)),
    said("done"),
  ]);
  const row = await runTask(
    { prompt: "p", model: "m" },
    { bench: on({ MODEL_PROFILES }), deliveriesMax: 3 },
  );
  expect(row.status).toBe("succeeded");
  const weights = sent.map(weight);
  const breaks = weights.filter((each, n) => n > 0 && each < (weights[n - 1] ?? 0));
  expect(breaks.length).toBeGreaterThan(0);
  expect(breaks.length).toBeLessThan(4);
  expect(Math.max(...weights)).toBeLessThan(12_000 * 4);
});
