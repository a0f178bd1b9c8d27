import { readFile, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Recording, ReplayReport } from "../../../../shared/files/recording.ts";
import type { Bind } from "../../bind.ts";
import { exit, unwrap, usageError } from "../../exit.ts";
import { countText } from "../../output/format.ts";
import { table } from "../../output/table.ts";
import { readPolicyFile } from "../../policy_file.ts";
import { type Session, taskId } from "../../session.ts";

interface Options {
  model?: string;
  policy?: string;
  save?: string;
}

/** The code of the loop is loaded only when the command runs. */
export function addReplay(program: Command, bind: Bind): void {
  program
    .command("replay <task|file>")
    .description(
      "run the model replies of a finished task through the current code, and report what differs",
    )
    .option("--model <id>", "with another model's prices, window and capabilities")
    .option("--policy <file|name>", "with another policy")
    .option("--save <file>", "save the journal, to replay it without a fleet")
    .addHelpText(
      "after",
      "\nThe journal is fetched once; no model, sandbox or upstream is called. Exits 1 if something differs.\nMODEL_PROFILES is read from the environment.",
    )
    .action(
      bind(async (session, taskOrFile: string, { model, policy: policyName, save }: Options) => {
        const { readProfiles } = await import("../../../../shared/models/profile_overrides.ts");
        const { replay } = await import("../../../../consumer/replay/replay.ts");
        const { environment } = session.context;
        const profiles = readProfiles(environment.MODEL_PROFILES);
        if (!profiles.ok) throw usageError(profiles.error);
        const policy =
          policyName === undefined ? undefined : await readPolicyFile(policyName, environment);
        if (policy === null) throw usageError(`there is no policy file or policy "${policyName}"`);
        const recording = await readRecording(session, taskOrFile);
        if (save !== undefined) await writeFile(save, JSON.stringify(recording));
        const report = replay(recording, {
          profileOf: profiles.value,
          ...(model === undefined ? {} : { model }),
          ...(policy === undefined ? {} : { policy }),
        });
        const isSame = report.differences.length === 0;
        if (session.json) session.printJson({ task: recording.task.id, same: isSame, ...report });
        else printReport(session, report);
        return isSame ? exit.ok : exit.failed;
      }),
    );
}

/** The journal of a task, or a saved one. */
async function readRecording(session: Session, taskOrFile: string): Promise<Recording> {
  const { isRecording } = await import("../../../../shared/files/recording.ts");
  if (taskOrFile.startsWith("task_") || taskOrFile.startsWith("batch_")) {
    const id = taskId(taskOrFile);
    const journal = unwrap(await session.client()("GET /v1/tasks/:id/journal", { id }));
    if (isRecording(journal)) return journal;
    throw usageError(`the journal from ${session.url} has an unknown format: update this CLI`);
  }
  const text = await readFile(taskOrFile, "utf8").catch(() => null);
  if (text === null) {
    throw usageError(`"${taskOrFile}" is neither a task id nor a file: name one of them`);
  }
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Invalid JSON is reported below, like JSON of another shape.
  }
  if (isRecording(value)) return value;
  throw usageError(
    `${taskOrFile} is not a saved journal: make one with fleet replay <task> --save`,
  );
}

function printReport(session: Session, report: ReplayReport): void {
  const { differences, taken_as_journaled: skipped } = report;
  if (differences.length > 0) {
    const rows = differences.map(({ seq, name, what, was, now }) => [
      String(seq),
      name,
      what,
      was,
      now,
    ]);
    const head = ["step", "name", "what", "was", "now"];
    session.context.write(`${table(head, rows, session.context)}\n`);
  }
  const sections = [
    countText(report.model_calls, "model call"),
    countText(report.tool_calls, "tool call"),
    countText(report.decisions, "decision"),
  ].join(", ");
  const outcome =
    differences.length === 0
      ? "same replies, same tool outcomes, same decisions"
      : countText(differences.length, "difference");
  session.print(`Replayed ${sections}: ${outcome}.`);
  if (skipped > 0)
    session.print(`${countText(skipped, "model call")} had no stored text to replay.`);
}
