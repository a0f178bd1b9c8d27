/** Tasks of a usual size, with text that compresses about as well as prose, for measurements of rows. */
import { noUsage } from "../../shared/spend/usage.ts";

const words =
  `the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which
  one you were all her she there would their we him been has when who will no more if out so up said what its about
  than into them can only other time new some could these two may first then do any like my now over such our man me
  even most made after also did many off before must well back through years much where your way down should because
  long each just state those people how little good world make very year still see own work day get here old between
  both life being under three never know same last another while us might great come since against right take used
  few house use place during high without again home around small however found thought went say part once general
  upon school every order ticket refund invoice customer delivery address late missing damaged account`.split(
    /\s+/,
  );

/** A seeded generator of text: the same seed gives the same texts. */
export function generateText(seed: number): (chars: number) => string {
  let state = seed;
  const next = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state;
  };
  return (chars) => {
    let text = "";
    while (text.length < chars) text += `${words[next() % words.length]} `;
    return text.slice(0, chars);
  };
}

export const taskIdAt = (n: number): string =>
  `task_01kz0000000000000000000000-${String(n).padStart(6, "0")}`;

/** About 950 bytes with a prompt of 780 characters. */
export const specOf = (prompt: string): string =>
  JSON.stringify({
    prompt,
    output_schema: {
      type: "object",
      properties: { label: { type: "string", enum: ["a", "b", "c"] }, why: { type: "string" } },
      required: ["label"],
    },
  });

/** Steps of model calls and tool calls in turn, the last one with the answer. */
export function transcriptOf(steps: number, text: (chars: number) => string): string {
  const usage = { ...noUsage, steps: 1, model_calls: 1, prompt_tokens: 900, completion_tokens: 90 };
  const lines = Array.from({ length: steps }, (_, n) => {
    const head = { seq: n + 1, fence: 1, status: "done", started_at: 1.79e12 + n * 2_100 };
    const isModel = n % 2 === 0 || n === steps - 1;
    return JSON.stringify({
      ...head,
      name: isModel ? "@cf/zai-org/glm-5.2" : "read_file",
      duration_ms: 2_100,
      usage,
      payload: isModel ? replyOf(n, text, n === steps - 1) : resultOf(n, text),
    });
  });
  return `${[...lines, JSON.stringify({ workspace: {} })].join("\n")}\n`;
}

function replyOf(n: number, text: (chars: number) => string, isLast: boolean) {
  const input = isLast ? { label: "a", why: text(90) } : { path: `notes/${n}.txt` };
  const call = {
    ...{ id: `call${n}`, provider_id: `call_${n}`, name: isLast ? "final_answer" : "read_file" },
    ...{ arguments_text: JSON.stringify(input), arguments: input, problem: null },
  };
  const reply = {
    text: "",
    reasoning: text(isLast ? 300 : 120),
    calls: [call],
    finish: "calls",
    quirks: [],
  };
  const usage = { prompt_tokens: 900, cached_tokens: 0, completion_tokens: 90, cost_usd: 0.0012 };
  const head = { kind: "model", model: "@cf/zai-org/glm-5.2", offered: "tools", estimate: 700 };
  return { ...head, reply, failure: null, usage };
}

const resultOf = (n: number, text: (chars: number) => string) => ({
  ...{ kind: "tool", call_id: `call${n - 1}`, name: "read_file" },
  ...{ arguments: { path: `notes/${n - 1}.txt` }, text: text(120), ok: true },
});
