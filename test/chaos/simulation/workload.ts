/** Tasks of several shapes, and their expected outcomes under any faults. */
import type { DurableTask } from "../../../shared/task/task.ts";
import type { Random } from "../random.ts";

export interface Work {
  /** Identifies the task at the upstream and in its answer. */
  label: string;
  shape: string;
  task: DurableTask;
  /** The names of its steps when it succeeds. */
  steps: readonly string[];
  /** Its answer when it succeeds. */
  output: unknown;
  /** Its possible outcomes, unless it is cancelled, expires or runs out of attempts. */
  outcomes: readonly string[];
  /** The labels of its requests with effects. */
  effects: readonly string[];
  /** With an idempotency key its client may submit it again. */
  hasKey: boolean;
}

type Call = { name: string; arguments: Record<string, unknown> };
type Turn = { calls: Call[] } | { error: { status: number; code: string; message: string } };

const call = (name: string, args: Record<string, unknown> = {}): Call => ({
  name,
  arguments: args,
});
const turn = (...calls: Call[]): Turn => ({ calls });
const failingTurn = (status: number): Turn => ({
  error: { status, code: "scripted", message: "scripted" },
});

const upstream = "https://orders.example/v1";
const postByCode = (label: string) =>
  `const r = await fetch("${upstream}/orders", {method: "POST", body: JSON.stringify({label: "${label}"})}); console.log(r.status, await r.text());`;
const readByCode = (label: string) =>
  `const read = (n) => fetch("${upstream}/part/" + n + "?label=${label}");
   await read(1); await Promise.all([2, 3, 4].map(read)); await read(5); 1`;
const postByTool = (label: string) =>
  call("fetch_url", {
    url: `${upstream}/orders`,
    method: "POST",
    body: JSON.stringify({ label }),
  });

/** The check of an answer: a program, and a judge's turn. */
const checkOf = (label: string) => `output.text === "answer ${label}" || "it is another answer"`;
const judgement = (score: number): Turn => turn(call("final_answer", { reasons: "r", score }));

interface Shape {
  turns: Turn[];
  /** Turns after the answer. */
  after?: Turn[];
  /** The names of its steps, where they are not one for each turn and each call. */
  names?: readonly string[];
  overrides?: Partial<DurableTask>;
  output?: unknown;
  ends?: readonly string[];
  effects?: readonly string[];
}

const shapes: Record<string, (label: string, random: Random) => Shape> = {
  plain: () => ({ turns: [] }),
  tools: (label) => ({
    turns: [
      turn(call("list_files"), call("write_file", { path: "a.txt", content: label })),
      turn(call("read_file", { path: "a.txt" })),
    ],
  }),
  run_code: (label) => ({
    turns: [
      turn(call("run_code", { code: `fs.writeFileSync("b.txt", "${label}"); 6 * 7` })),
      turn(call("read_file", { path: "b.txt" })),
    ],
  }),
  large: () => ({
    turns: [turn(call("write_file", { path: "big.txt", content: "x".repeat(12_000) }))],
  }),
  long: (label) => ({
    turns: Array.from({ length: 6 }, (_, n) =>
      turn(call("write_file", { path: `${n}.txt`, content: `${label} ${n}` })),
    ),
  }),
  correction: () => ({
    turns: [turn(call("final_answer", { n: "two" }))],
    overrides: {
      output_schema: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
    },
    output: { n: 2 },
  }),
  unknown_tool: () => ({ turns: [turn(call("no_such_tool"), call("list_files"))] }),
  effect_by_code: (label) => ({
    turns: [turn(call("run_code", { code: postByCode(`${label}.1`) }))],
    overrides: { policy: "demo" },
    effects: [`${label}.1`],
    ends: ["succeeded", "failed uncertain_effect"],
  }),
  effects_by_tool: (label) => ({
    turns: [
      turn(postByTool(`${label}.1`)),
      turn(call("list_files")),
      turn(postByTool(`${label}.2`)),
    ],
    overrides: { policy: "demo" },
    effects: [`${label}.1`, `${label}.2`],
    ends: ["succeeded", "failed uncertain_effect"],
  }),
  effects_retried: (label) => ({
    turns: [
      turn(postByTool(`${label}.1`)),
      turn(call("run_code", { code: postByCode(`${label}.2`) })),
    ],
    overrides: { policy: "demo", on_uncertain: "retry" },
    effects: [`${label}.1`, `${label}.2`],
  }),
  // No one decides: the deadline lets the call run, once.
  approved_late: (label) => ({
    turns: [turn(postByTool(`${label}.1`)), turn(call("list_files"))],
    overrides: {
      policy: "demo",
      approve: "effects",
      approval: { seconds: 60, on_timeout: "approve" },
    },
    effects: [`${label}.1`],
    ends: ["succeeded", "failed uncertain_effect"],
  }),
  never_approved: (label) => ({
    turns: [turn(postByTool(`${label}.1`)), turn(call("list_files"))],
    overrides: {
      policy: "demo",
      approve: ["fetch_url"],
      approval: { seconds: 60, on_timeout: "deny" },
    },
  }),
  reading: (label) => ({
    turns: [turn(call("fetch_url", { url: `${upstream}/echo?label=${label}` }))],
    overrides: { policy: "demo" },
  }),
  reading_by_code: (label) => ({
    turns: [
      turn(call("run_code", { code: readByCode(label) })),
      turn(call("run_code", { code: readByCode(label) })),
    ],
    overrides: { policy: "demo" },
  }),
  redirected: (label) => ({
    turns: [turn(call("fetch_url", { url: `${upstream}/moved?label=${label}` }))],
    overrides: { policy: "demo" },
  }),
  denied: (label) => ({
    turns: [
      turn(call("fetch_url", { url: `https://evil.example/v1/?label=${label}` })),
      turn(call("fetch_url", { url: `http://orders.example/v1/plain?label=${label}` })),
    ],
    overrides: { policy: "demo" },
  }),
  model_fault: (_label, random) => ({ turns: [failingTurn(random.pick([500, 503, 429]))] }),
  dying: () => ({
    turns: [failingTurn(500), failingTurn(503), failingTurn(500)],
    overrides: { attempts: 3 },
    ends: ["dead attempts_exhausted"],
  }),
  checked: (label) => ({
    turns: [
      turn(call("write_file", { path: "a.txt", content: label })),
      turn(call("final_answer", { text: "wrong" })),
    ],
    overrides: { checks: [{ code: checkOf(label) }], policy: "demo" },
    names: [
      "rehearsal",
      "write_file",
      "rehearsal",
      "check 1",
      "final_answer",
      "rehearsal",
      "check 1",
    ],
  }),
  judged: (label) => ({
    turns: [turn(call("final_answer", { text: `answer ${label}` })), judgement(0.1)],
    after: [judgement(0.9)],
    overrides: { checks: [{ judge: { model: "rehearsal", rubric: "r" } }] },
    names: [
      ...["rehearsal", "rehearsal", "check 1", "final_answer"],
      ...["rehearsal", "rehearsal", "check 1"],
    ],
  }),
  sampled: (label) => ({
    turns: [
      turn(call("write_file", { path: "a.txt", content: label })),
      turn(call("final_answer", { text: `answer ${label}` })),
      turn(call("final_answer", { text: "another" })),
    ],
    overrides: { samples: { count: 3 } },
    names: ["rehearsal", "write_file", "rehearsal", "rehearsal", "rehearsal"],
  }),
  escalated: (label) => ({
    turns: [turn(call("final_answer", { text: "wrong" })), turn(postByTool(`${label}.1`))],
    overrides: {
      ...{ policy: "demo", checks: [{ code: checkOf(label) }], limits: { corrections: 0 } },
      escalate: [{ model: "rehearsal", share_failure: true }],
    },
    effects: [`${label}.1`],
    ends: ["succeeded", "failed uncertain_effect"],
    names: ["rehearsal", "check 1", "escalate", "rehearsal", "fetch_url", "rehearsal", "check 1"],
  }),
  refused_model: () => ({ turns: [failingTurn(400)], ends: ["failed model_error"] }),
};

/** Shapes that use the sandbox and the upstream are twice as frequent. */
export const shapeNames = [...Object.keys(shapes), "run_code", "effect_by_code", "effects_by_tool"];

export function buildWork(label: string, shapeName: string, random: Random): Work {
  const shape = shapes[shapeName]?.(label, random);
  if (shape === undefined) throw new Error(`unknown shape ${shapeName}`);
  const output = shape.output ?? { text: `answer ${label}` };
  const turns = [...shape.turns, turn(call("final_answer", output as Record<string, unknown>))];
  const { names = listStepNames(turns), after = [] } = shape;
  const ends = shape.ends ?? ["succeeded"];
  const task: DurableTask = {
    prompt: `Do ${label}.`,
    attempts: 10,
    rehearsal: [...turns, ...after],
    labels: { work: label },
    ...shape.overrides,
    limits: { seconds: 86_400, ...shape.overrides?.limits },
  };
  const keyed = random.chance(0.4);
  if (keyed) task.idempotency_key = `key-${label}`;
  if (random.chance(0.15)) task.priority = "low";
  return {
    label,
    shape: shapeName,
    task,
    steps: names,
    output,
    outcomes: ends,
    effects: shape.effects ?? [],
    hasKey: keyed,
  };
}

/** A step for each model turn, and one for each tool call of every turn but the last. */
function listStepNames(turns: readonly Turn[]): string[] {
  return turns.flatMap((each, n) => {
    const turnCalls = "calls" in each && n < turns.length - 1 ? each.calls : [];
    return ["rehearsal", ...turnCalls.map(({ name }) => name)];
  });
}
