import type { Command } from "commander";
import { commandLineLimits } from "../../../../shared/limits.ts";
import { isTerminal } from "../../../../shared/task/states.ts";
import type { TaskResponse } from "../../../api/tasks/responses.ts";
import type { Bind } from "../../bind.ts";
import { exit, unwrap, usageError } from "../../exit.ts";
import { costText, count, dollars } from "../../output/format.ts";
import { table } from "../../output/table.ts";
import type { Session } from "../../session.ts";
import { type CardRow, type CardTest, cardRow } from "./scorecard.ts";
import { cardTests } from "./scorecard_tests.ts";

export function addModelCheck(program: Command, bind: Bind): void {
  const model = program.command("model").description("test how well a model works with this fleet");
  model
    .command("check <model>")
    .description("run a fixed set of small tasks on a model and print its scorecard")
    .addHelpText(
      "after",
      "\nExits 1 if a test failed. docs/models.md explains each test and what to do.",
    )
    .action(
      bind(async (session, name: string) => {
        if (name === "rehearsal") {
          throw usageError("rehearsal is scripted: name a model that an endpoint serves");
        }
        const checkedAt = new Date(session.context.now()).toISOString();
        const tests = await Promise.all(
          cardTests.map((test) => runTest(session, name, test, checkedAt)),
        );
        const passedCount = tests.filter((test) => test.passed).length;
        const total = tests.length;
        if (session.json)
          session.printJson({ model: name, at: checkedAt, passed: passedCount, total, tests });
        else printCard(session, name, checkedAt, tests);
        return passedCount === total ? exit.ok : exit.failed;
      }),
    );
}

/** Runs one test as its own task: only this model, one attempt, small budgets. */
async function runTest(
  session: Session,
  model: string,
  test: CardTest,
  checkedAt: string,
): Promise<CardRow> {
  const client = session.client();
  const expires = Date.parse(checkedAt) + commandLineLimits.modelCheckMsMax;
  const body = {
    ...test.task,
    model,
    fallback_models: [],
    attempts: 1,
    limits: { model_calls: 8, tool_calls: 12, cost_usd: 0.5, seconds: 240 },
    expires_at: new Date(expires).toISOString(),
    labels: { scorecard: test.name },
  };
  const { id } = unwrap(
    await client("POST /v1/tasks", { body, idempotencyKey: crypto.randomUUID() }),
  );
  const task = await waitUntilSettled(session, id);
  const { steps } = unwrap(await client("GET /v1/tasks/:id/steps", { id }));
  const files: Record<string, string | null> = {};
  for (const path of test.files ?? []) {
    const file = await client("GET /v1/tasks/:id/files/*", { id, path });
    files[path] = file.ok ? new TextDecoder().decode(file.value) : null;
  }
  return cardRow(test, { task, steps, files });
}

async function waitUntilSettled(session: Session, id: string): Promise<TaskResponse> {
  for (;;) {
    const task = unwrap(await session.client()("GET /v1/tasks/:id", { id }));
    if (isTerminal(task.status)) return task;
    await session.context.sleep(commandLineLimits.watchPollMs);
  }
}

function printCard(
  session: Session,
  model: string,
  checkedAt: string,
  tests: readonly CardRow[],
): void {
  const sum = (field: "prompt_tokens" | "completion_tokens" | "cost_usd" | "unpriced_tokens") =>
    tests.reduce((total, test) => total + test[field], 0);
  const head = ["test", "passed", "took", "calls", "tokens", "cost", "quirks", "why"];
  const rows = tests.map((test) => [
    test.test,
    test.passed ? "yes" : "no",
    `${test.seconds.toFixed(1)} s`,
    String(test.model_calls),
    count(test.prompt_tokens + test.completion_tokens),
    costText(test, model),
    test.quirks.join(" "),
    test.why ?? "",
  ]);
  session.print(`${model} on ${checkedAt.slice(0, 10)}, at ${session.url}`);
  session.context.write(`${table(head, rows, session.context)}\n`);
  const passedCount = tests.filter((test) => test.passed).length;
  const tokens = sum("prompt_tokens") + sum("completion_tokens");
  const cost = sum("unpriced_tokens") > 0 ? "unpriced" : dollars(sum("cost_usd"));
  session.print(`${passedCount} of ${tests.length} passed · ${count(tokens)} tokens · ${cost}`);
  const failedTest = tests.find((test) => !test.passed);
  if (failedTest !== undefined)
    session.print(`See a failed test: fleet steps ${failedTest.task_id}`);
}
