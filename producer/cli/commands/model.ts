import type { Command } from "commander";
import { commandLineLimits } from "../../../shared/limits.ts";
import { isTerminal } from "../../../shared/states.ts";
import type { TaskAnswer } from "../../api/tasks/responses.ts";
import { exit, required, wrongUsage } from "../exit.ts";
import { count, dollars, spent } from "../output/format.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";
import { type CardLine, type CardTest, cardLine, cardTests } from "../scorecard.ts";
import type { Session } from "../session.ts";

export function addModel(program: Command, bind: Bind): void {
  const model = program.command("model").description("how well a model works behind this fleet");
  model
    .command("check <model>")
    .description("run a fixed set of small tasks on a model and print its card")
    .addHelpText(
      "after",
      "\nExits 1 when a test failed. docs/models.md says what each test shows and what to do.",
    )
    .action(
      bind(async (session, name: string) => {
        if (name === "rehearsal") {
          throw wrongUsage("rehearsal plays a script: name a model that an endpoint serves");
        }
        const at = new Date(session.surroundings.now()).toISOString();
        const lines = await Promise.all(cardTests.map((test) => run(session, name, test, at)));
        const passed = lines.filter((line) => line.passed).length;
        if (session.json) {
          session.emit({ model: name, at, passed, total: lines.length, tests: lines });
        } else print(session, name, at, lines, passed);
        return passed === lines.length ? exit.done : exit.failed;
      }),
    );
}

/** One test as a task of its own: this model alone, once, within small budgets. */
async function run(session: Session, model: string, test: CardTest, at: string): Promise<CardLine> {
  const client = session.client();
  const expires = Date.parse(at) + commandLineLimits.modelCheckMsMax;
  const task = {
    ...test.task,
    model,
    fallback_models: [],
    attempts: 1,
    limits: { model_calls: 8, tool_calls: 12, cost_usd: 0.5, seconds: 240 },
    expires_at: new Date(expires).toISOString(),
    labels: { scorecard: test.name },
  };
  const { id } = required(
    await client("POST /v1/tasks", { body: task, idempotencyKey: crypto.randomUUID() }),
  );
  const ended = await settled(session, id);
  const steps = required(await client("GET /v1/tasks/:id/steps", { id })).steps;
  const files: Record<string, string | null> = {};
  for (const path of test.files ?? []) {
    const held = await client("GET /v1/tasks/:id/files/*", { id, path });
    files[path] = held.ok ? new TextDecoder().decode(held.value) : null;
  }
  return cardLine(test, { task: ended, steps, files });
}

async function settled(session: Session, id: string): Promise<TaskAnswer> {
  for (;;) {
    const task = required(await session.client()("GET /v1/tasks/:id", { id: id }));
    if (isTerminal(task.status)) return task;
    await session.surroundings.sleep(commandLineLimits.watchPollMs);
  }
}

function print(
  session: Session,
  model: string,
  at: string,
  lines: readonly CardLine[],
  passed: number,
): void {
  const { write } = session.surroundings;
  const total = (field: "prompt_tokens" | "completion_tokens" | "cost_usd" | "unpriced_tokens") =>
    lines.reduce((sum, line) => sum + line[field], 0);
  const head = ["test", "passed", "took", "calls", "tokens", "cost", "quirks", "why"];
  const rows = lines.map((line) => [
    line.test,
    line.passed ? "yes" : "no",
    `${line.seconds.toFixed(1)} s`,
    String(line.model_calls),
    count(line.prompt_tokens + line.completion_tokens),
    spent(line, model),
    line.quirks.join(" "),
    line.why ?? "",
  ]);
  session.say(`${model} on ${at.slice(0, 10)}, at ${session.url}`);
  write(`${table(head, rows, session.surroundings)}\n`);
  const tokens = total("prompt_tokens") + total("completion_tokens");
  const cost = total("unpriced_tokens") > 0 ? "unpriced" : dollars(total("cost_usd"));
  session.say(`${passed} of ${lines.length} passed · ${count(tokens)} tokens · ${cost}`);
  const failed = lines.find((line) => !line.passed);
  if (failed !== undefined) session.say(`fleet steps ${failed.task_id} shows a failed one whole.`);
}
