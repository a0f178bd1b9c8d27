import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import type { DurableTask } from "../../../shared/task/task.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  testConsumer,
  uniqueEndpoint,
} from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const chat = (args: object) => ({
  choices: [
    {
      finish_reason: "tool_calls",
      message: {
        role: "assistant",
        content: "",
        tool_calls: [
          {
            id: "x",
            type: "function",
            function: { name: "final_answer", arguments: JSON.stringify(args) },
          },
        ],
      },
    },
  ],
  usage: { prompt_tokens: 500, completion_tokens: 20 },
});

/** An endpoint that is busy once, and then replies. */
function busyOnce(reply: object): string {
  const url = uniqueEndpoint();
  let calls = 0;
  const endpoint = async () => {
    calls += 1;
    return calls === 1
      ? Response.json(
          { error: { message: "busy" } },
          { status: 429, headers: { "retry-after": "600" } },
        )
      : Response.json(chat(reply));
  };
  vi.stubGlobal("fetch", endpoint);
  return url;
}

const due = (id: string) =>
  env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();

test.each<[string, DurableTask, object, string]>([
  [
    "a judge",
    {
      prompt: "p",
      checks: [{ judge: { model: "judge-1", rubric: "r" } }],
      rehearsal: [finalAnswer({ text: "x" })],
    },
    { reasons: "r", score: 1 },
    "judge-1",
  ],
  [
    "an escalation",
    {
      prompt: "p",
      checks: [{ code: `output.text === "y" || "no"` }],
      limits: { corrections: 0 },
      escalate: [{ model: "dearer-1" }],
      rehearsal: [finalAnswer({ text: "x" })],
    },
    { text: "y" },
    "dearer-1",
  ],
])(
  "a task that waits for %s names that model, without an attempt",
  async (_name, task, reply, model) => {
    const on = testConsumer({ MODEL_BASE_URL: busyOnce(reply) });
    const id = await acceptTask(task);
    await deliverMessages(on, [id]);
    expect(await readRow(id)).toMatchObject({
      ...{ status: "queued", attempt: 0, model, own_model: "rehearsal" },
      flow: ` ${model}`,
    });
    expect(on.sent.at(-1)?.body).toMatchObject({ task_id: id, model });
    await due(id);
    await deliverMessages(on, [id], "tasks", model);
    const row = await readRow(id);
    expect([row.status, row.model, row.own_model, row.error]).toEqual([
      "succeeded",
      "rehearsal",
      null,
      null,
    ]);
    const { usage_by_model: used } = JSON.parse(row.quality ?? "{}") as {
      usage_by_model: Record<string, { model_calls: number }>;
    };
    expect(used[model]).toMatchObject({ model_calls: 2, prompt_tokens: 500 });
  },
);
