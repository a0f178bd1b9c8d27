import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { isTerminal } from "../../../../shared/task/states.ts";
import type { TaskResponse } from "../../../api/tasks/responses.ts";
import type { StepResponse } from "../../../api/traces/responses.ts";
import type { CallResult } from "../../../client/index.ts";
import type { Bind } from "../../bind.ts";
import { jsonBody } from "../../connection.ts";
import { exit, unwrap, usageError } from "../../exit.ts";
import { readText } from "../../input.ts";
import { span } from "../../output/format.ts";
import { printable, printableLine } from "../../output/printable.ts";
import type { Session } from "../../session.ts";
import { readOutage, readPauses, taskPausedReason } from "../../watch/paused_reason.ts";
import { poll, reportStillRunning } from "../../watch/poll.ts";
import { readFileFields } from "../batches/batch_input.ts";
import { addFieldOptions, type FieldOptions, readTaskFields } from "../batches/batch_options.ts";
import { collect } from "../repeatable_option.ts";
import { readOutput } from "./get.ts";
import { stepSummary } from "./step_text.ts";

interface Options extends FieldOptions {
  file?: string[];
  schema?: string;
}

export function addRun(program: Command, bind: Bind): void {
  const command = program
    .command("run <prompt>")
    .description(
      "run one task: its steps appear while it works, its answer is printed. A prompt of - is read from standard input",
    )
    .option("--file <path>", "a file for the task; can be repeated", collect)
    .option("--schema <file>", "the JSON Schema of the answer");
  addFieldOptions(command, "any other fields of the task, as JSON or in a file").action(
    bind(async (session, prompt: string, options: Options) => {
      const fields = {
        ...(await readTaskFields(session, options)),
        ...(await readFileFields(session, options)),
        prompt: prompt === "-" ? (await readText("-", session.context)).trim() : prompt,
      };
      if (fields.prompt === "")
        throw usageError('the prompt is empty: write one, such as "Say hi"');
      const submission = { ...jsonBody(fields), idempotencyKey: randomUUID() };
      const { id } = unwrap(await session.client()("POST /v1/tasks", submission));
      note(session, id);
      const task = await watchSteps(session, id);
      if (task.status === "succeeded") task.output = await readOutput(session, task);
      if (session.json) session.printJson(task);
      else if (task.status === "succeeded") session.print(answerText(task.output));
      else note(session, endText(task));
      return task.status === "succeeded" ? exit.ok : exit.failed;
    }),
  );
}

/** Standard output is only for the answer. */
function note(session: Session, text: string): void {
  if (!session.json) session.context.warn(`${printable(text)}\n`);
}

/** Prints each step once it is journaled, and why the task waits. */
async function watchSteps(session: Session, id: string): Promise<TaskResponse> {
  const client = session.client();
  const pauses = readPauses(session);
  const outage = readOutage(session);
  const readSteps = async (): Promise<readonly StepResponse[]> => {
    const result = await client("GET /v1/tasks/:id/steps", { id });
    return result.ok ? result.value.steps : [];
  };
  let printedSteps = 0;
  let waiting = "";
  const read = async (): Promise<CallResult<TaskResponse>> => {
    const result = await client("GET /v1/tasks/:id", { id });
    if (!result.ok || session.json) return result;
    const { status, usage } = result.value;
    const reason =
      status === "queued"
        ? (taskPausedReason(result.value, null, await pauses()) ?? (await outage()))
        : null;
    if (reason !== null && reason !== waiting) note(session, reason);
    waiting = reason ?? "";
    if (usage.steps <= printedSteps && !isTerminal(status)) return result;
    for (const step of await readSteps()) {
      if (step.seq <= printedSteps) continue;
      printedSteps = step.seq;
      note(session, stepLine(step));
    }
    return result;
  };
  const removeHandler = session.context.onInterrupt(() => reportStillRunning(session, id));
  return await poll({
    session,
    fleetState: "reachable",
    read,
    onValue: () => {},
    isFinished: ({ status }) => isTerminal(status),
    note: (text) => note(session, text),
  }).finally(removeHandler);
}

const stepLine = (step: StepResponse): string =>
  printableLine(`${step.seq}. ${step.name}, ${span(step.duration_ms)}: ${stepSummary(step)}`, 160);

/** The text itself where the answer is only a text, else JSON. */
function answerText(output: unknown): string {
  const fields = typeof output === "object" && output !== null ? Object.entries(output) : [];
  const [name, value] = fields[0] ?? [];
  if (fields.length === 1 && name === "text" && typeof value === "string") return value;
  return JSON.stringify(output, null, 2);
}

function endText({ status, reason, error }: TaskResponse): string {
  const cause = error === null ? "" : `: ${error.code}: ${error.message}`;
  return printableLine(`${status}${reason === null ? "" : ` (${reason})`}${cause}`, 500);
}
