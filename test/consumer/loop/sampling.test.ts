import { afterEach, expect, test, vi } from "vitest";
import { bench, runTask } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const on = { MODEL_BASE_URL: "https://models.example/v1", MODEL: "small" };
const reply = (message: object, finish_reason = "stop") =>
  Response.json({
    choices: [{ finish_reason, message }],
    usage: { prompt_tokens: 500, completion_tokens: 50 },
  });

/** What the endpoint was sent, call by call. */
async function sentBy(sampling: object, plays: (() => Response)[]) {
  const bodies: Record<string, unknown>[] = [];
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    bodies.push(JSON.parse(String(init.body)) as Record<string, unknown>);
    return plays[Math.min(bodies.length, plays.length) - 1]?.();
  });
  const row = await runTask(
    { prompt: "p", model: "small", sampling },
    { bench: bench(on), row: { model: "small" } },
  );
  return { bodies, row };
}

test("every call of the model carries how the task wants it to write", async () => {
  const { bodies, row } = await sentBy({ temperature: 0.2, output_tokens_max: 300 }, [
    () =>
      reply({ content: "", tool_calls: [{ function: { name: "list_files", arguments: "{}" } }] }),
    () => reply({ content: "yes" }),
  ]);
  expect(row).toMatchObject({ status: "succeeded", output: '{"text":"yes"}' });
  expect(bodies).toHaveLength(2);
  for (const body of bodies) expect(body).toMatchObject({ temperature: 0.2, max_tokens: 300 });
});

test("thought that fills a reply is given no more room than the task allows", async () => {
  const { bodies } = await sentBy({ output_tokens_max: 300 }, [
    () => reply({ content: "", reasoning: "hm" }, "length"),
    () => reply({ content: "yes" }),
  ]);
  expect(bodies.map(({ max_tokens }) => max_tokens)).toEqual([300, 300]);
});
