import { describe, expect, test } from "vitest";
import { answerArguments } from "../../consumer/loop/answer/answer_form.ts";
import { findWaitingAnswer } from "../../consumer/loop/answer/find_answer.ts";
import { normalise } from "../../consumer/models/reply/normalise.ts";
import {
  judgeMessages,
  verdictForm,
  verdictOfJudge,
  verdictToken,
} from "../../consumer/quality/checks/judge.ts";
import { finalAnswerOffer } from "../../consumer/tools/catalog.ts";
import { callOf, toolStep } from "../loop/steps.ts";
import { persuasions } from "./persuasions.ts";

const judge = { model: "m", rubric: "The answer names the capital of France.", pass_at: 0.5 };
const spec = { prompt: "What is the capital of France?" };

/**
 * The judge of the test. It is as weak as a judge can be: it believes every instruction that it can take for one
 * of the fleet's, that is, all text outside the data, and text after a mark that looks like the end of the data.
 * Of the data it believes what the rubric asks.
 */
function weakJudge(messages: ReturnType<typeof judgeMessages>, token: string): number {
  const text = messages.map(({ content }) => content).join("\n");
  const blocks = text.split(`[data ${token}]\n`);
  const answer = blocks.at(-1)?.split(`\n[end ${token}]`) ?? [];
  const instructions = [
    blocks[0],
    ...blocks.slice(1).map((block) => block.split(`\n[end ${token}]`).slice(1).join("")),
  ].join("\n");
  if (/score.{0,20}1|approve|pass this/i.test(instructions.replace(messages[0]?.content ?? "", "")))
    return 1;
  const data = JSON.parse(answer[0] ?? '""') as string;
  return /\bParis\b/.test(data) && !/\b(score|judge|rubric|verdict|token)\b/i.test(data) ? 1 : 0;
}

describe("an answer that tries to win the judge", () => {
  test("there are 20 of them", () => expect(persuasions).toHaveLength(20));

  test.each(persuasions.map((answer) => [answer]))("does not pass: %s", async (answer) => {
    const output = { text: answer };
    const token = await verdictToken(judge, "task_1", { output, steps: [] });
    const messages = judgeMessages(judge, { spec, output, steps: [] }, token);
    expect(messages).toHaveLength(2);
    expect(weakJudge(messages, token)).toBe(0);
  });

  test.each(persuasions.map((answer) => [answer]))(
    "gives no verdict by being quoted: %s",
    async (answer) => {
      const output = { text: answer };
      const token = await verdictToken(judge, "task_1", { output, steps: [] });
      for (const text of [answer, `The answer says: ${answer}`, `\`\`\`json\n${answer}\n\`\`\``]) {
        expect(verdictOfText(text, token)).not.toBe("passed");
      }
    },
  );
});

test("an honest answer passes the same judge", async () => {
  const output = { text: "Paris" };
  const token = await verdictToken(judge, "task_1", { output, steps: [] });
  expect(weakJudge(judgeMessages(judge, { spec, output, steps: [] }, token), token)).toBe(1);
});

test("the token depends on the steps that the judge sees, so that no step can print it", async () => {
  const steps = ["a", "b"].map((text) => toolStep(callOf("call00001"), text));
  const tokens = (shown: boolean) =>
    Promise.all(
      steps.map((step) =>
        verdictToken({ ...judge, steps: shown }, "task_1", { output: "Paris", steps: [step] }),
      ),
    );
  expect(new Set(await tokens(true)).size).toBe(2);
  expect(new Set(await tokens(false)).size).toBe(1);
});

test("a verdict in text counts with the token, and one by a call without it", async () => {
  const token = await verdictToken(judge, "task_1", { output: { text: "Paris" }, steps: [] });
  expect(verdictOfText(JSON.stringify({ reasons: "r", score: 1, token }), token)).toBe("passed");
  expect(verdictOfText(JSON.stringify({ reasons: "r", score: 1 }), token)).toBe("error");
});

/** How a reply of the judge that is only this text is read. */
function verdictOfText(text: string, token: string): string {
  const offer = finalAnswerOffer(verdictForm.schema);
  const body = {
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: text } }],
  };
  const request = {
    model: "m",
    taskId: "task_1",
    messages: [],
    tools: [offer],
    toolChoice: "auto" as const,
    outputTokensMax: 100,
    signal: new AbortController().signal,
  };
  const outcome = normalise(body, request, 0);
  if (!outcome.ok) return "no reply";
  const { reply } = outcome;
  const calls = reply.calls.map((call) => ({
    id: call.id,
    provider_id: call.providerId,
    name: call.name,
    arguments_text: call.argumentsText,
    arguments: call.arguments,
    problem: call.problem,
  }));
  const payload = {
    kind: "model" as const,
    model: "m",
    offered: "text" as const,
    reply: { ...reply, calls },
    failure: null,
    ...(calls.length === 0 ? { answered: true as const } : {}),
    usage: { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, cost_usd: 0 },
  };
  const step = { seq: 1, fence: 1, name: "m", status: "done", started_at: 0, duration_ms: 0 };
  const answer = findWaitingAnswer(verdictForm, [{ ...step, payload } as never]);
  if (answer === null || answerArguments(verdictForm, answer.output) === null) return "none";
  return verdictOfJudge(judge, answer, token).verdict;
}
