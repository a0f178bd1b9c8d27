/** Outputs that are too long to be shown, and conversations that are too long for their model. */
import { afterEach, expect, test, vi } from "vitest";
import type { Step } from "../../../shared/task/step.ts";
import { finalAnswer, readSteps, runTask, testConsumer, toolCall } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const answersOf = (steps: readonly Step[]): string[] =>
  steps.flatMap(({ payload }) => (payload.kind === "tool" ? [payload.text] : []));
const lines = "Array.from({ length: 9000 }, (_, n) => 'line ' + n).join('\\n')";

test("the model and its programs can read an output over the limit from its file", async () => {
  const row = await runTask({
    prompt: "p",
    rehearsal: [
      toolCall("run_code", { code: lines }),
      toolCall("read_file", { path: ".outputs/2.txt", offset: 4_001, limit: 2 }),
      toolCall("run_code", {
        code: "fs.readFileSync('.outputs/2.txt', 'utf8').split('\\n').length",
      }),
      toolCall("write_file", { path: ".outputs/2.txt", content: "x" }),
      toolCall("list_files", {}),
      finalAnswer(),
    ],
  });
  const [cut = "", part, count, refused, listed] = answersOf(await readSteps(row.id));
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

/** Stubs an endpoint that gives its replies in order. Returns the bodies that it gets. */
function stubEndpoint(
  replies: ((body: { messages: object[] }) => Response)[],
): { messages: object[] }[] {
  const sent: { messages: object[] }[] = [];
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    const body = JSON.parse(String(init.body)) as { messages: object[] };
    sent.push(body);
    return (replies[sent.length - 1] ?? textReply("done"))(body);
  });
  return sent;
}
const textReply = (content: string, prompt_tokens?: number) => () =>
  Response.json({
    choices: [{ finish_reason: "stop", message: { content } }],
    ...(prompt_tokens === undefined ? {} : { usage: { prompt_tokens, completion_tokens: 9 } }),
  });
const codeReply = (code: string) => () =>
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
const longText = "Array.from({ length: 1200 }, (_, n) => 'entry ' + n).join('\\n')";
const sizeOf = (body: { messages: object[] } | undefined) => JSON.stringify(body?.messages).length;
const on = (overrides: object = {}) =>
  testConsumer({ MODEL_BASE_URL: "http://m.invalid/v1", ...overrides });

test("a conversation that overflows is shortened once and continues", async () => {
  const sent = stubEndpoint([
    codeReply(longText),
    codeReply(`${longText} + 1`),
    overflow,
    textReply("done"),
  ]);
  const row = await runTask({ prompt: "p", model: "m" }, { consumer: on(), deliveriesMax: 1 });
  expect([row.status, row.attempt]).toEqual(["succeeded", 0]);
  expect(JSON.parse(row.quirks)).toContain("outputs_elided");
  expect(sizeOf(sent[3])).toBeLessThan(sizeOf(sent[2]) / 2);
  expect(JSON.stringify(sent[3])).toContain(".outputs/2.txt");
});

test("a conversation that overflows again ends the task as `model_overflow`", async () => {
  stubEndpoint([codeReply(longText), overflow, overflow, textReply("never")]);
  const row = await runTask({ prompt: "p", model: "m" }, { consumer: on(), deliveriesMax: 1 });
  expect([row.status, row.reason, JSON.parse(row.error ?? "").code]).toEqual([
    "failed",
    "model_error",
    "model_overflow",
  ]);
  expect(JSON.parse(row.usage).model_calls).toBe(3);
});

test("a conversation without elidable outputs is not sent again", async () => {
  const sent = stubEndpoint([overflow]);
  const row = await runTask({ prompt: "p", model: "m" }, { consumer: on(), deliveriesMax: 1 });
  expect([row.status, JSON.parse(row.error ?? "").code, sent.length]).toEqual([
    "failed",
    "model_overflow",
    1,
  ]);
});

test("an endpoint that silently truncates the prompt gets a shorter prompt", async () => {
  const text = "a word and another one, ".repeat(1_500);
  const sent = stubEndpoint([
    codeReply(JSON.stringify(text)),
    textReply("of what?", 4_096),
    textReply("done", 3_000),
  ]);
  const row = await runTask({ prompt: "p", model: "m" }, { consumer: on(), deliveriesMax: 1 });
  expect([row.status, JSON.parse(row.output ?? "")]).toEqual(["succeeded", { text: "done" }]);
  expect(JSON.parse(row.quirks)).toEqual(
    expect.arrayContaining(["prompt_truncated", "outputs_elided"]),
  );
  expect(sizeOf(sent[2])).toBeLessThan(3 * 4_096);
});

test("a conversation is shortened at three quarters of the window, before it overflows", async () => {
  const MODEL_PROFILES = '{"m": {"window_tokens": 12000, "output_tokens_max": 2000}}';
  const sent = stubEndpoint([
    ...Array.from({ length: 9 }, (_, n) => codeReply(`${longText} + ${n}`)),
    textReply("done"),
  ]);
  const row = await runTask(
    { prompt: "p", model: "m" },
    { consumer: on({ MODEL_PROFILES }), deliveriesMax: 3 },
  );
  expect(row.status).toBe("succeeded");
  const sizes = sent.map(sizeOf);
  const shrinks = sizes.filter((size, n) => n > 0 && size < (sizes[n - 1] ?? 0));
  expect(shrinks.length).toBeGreaterThan(0);
  expect(shrinks.length).toBeLessThan(4);
  expect(Math.max(...sizes)).toBeLessThan(12_000 * 4);
});
