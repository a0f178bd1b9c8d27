import { afterEach, expect, test, vi } from "vitest";
import { runTask, testConsumer } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const on = { MODEL_BASE_URL: "https://models.example/v1", MODEL: "small" };
const reply = (message: object, finish_reason = "stop") =>
  Response.json({
    choices: [{ finish_reason, message }],
    usage: { prompt_tokens: 500, completion_tokens: 50 },
  });

/** The bodies that the endpoint gets, call by call. */
async function bodiesWith(sampling: object, replies: (() => Response)[]) {
  const bodies: Record<string, unknown>[] = [];
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    bodies.push(JSON.parse(String(init.body)) as Record<string, unknown>);
    return replies[Math.min(bodies.length, replies.length) - 1]?.();
  });
  const row = await runTask(
    { prompt: "p", model: "small", sampling },
    { consumer: testConsumer(on), row: { model: "small" } },
  );
  return { bodies, row };
}

test("every model call has the task's sampling options", async () => {
  const { bodies, row } = await bodiesWith({ temperature: 0.2, output_tokens_max: 300 }, [
    () =>
      reply({ content: "", tool_calls: [{ function: { name: "list_files", arguments: "{}" } }] }),
    () => reply({ content: "yes" }),
  ]);
  expect(row).toMatchObject({ status: "succeeded", output: '{"text":"yes"}' });
  expect(bodies).toHaveLength(2);
  for (const body of bodies) expect(body).toMatchObject({ temperature: 0.2, max_tokens: 300 });
});

test("a reply that reasoning filled gets no more tokens than the task allows", async () => {
  const { bodies } = await bodiesWith({ output_tokens_max: 300 }, [
    () => reply({ content: "", reasoning: "hm" }, "length"),
    () => reply({ content: "yes" }),
  ]);
  expect(bodies.map(({ max_tokens }) => max_tokens)).toEqual([300, 300]);
});
