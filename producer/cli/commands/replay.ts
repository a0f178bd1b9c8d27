import { readFile, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Recording } from "../../../consumer/replay/recording.ts";
import type { Replayed } from "../../../consumer/replay/replay.ts";
import { exit, required, wrongUsage } from "../exit.ts";
import { counted } from "../output/format.ts";
import { table } from "../output/table.ts";
import { policyText } from "../policy_text.ts";
import type { Bind } from "../program.ts";
import { kindOf, type Session } from "../session.ts";

interface Options {
  model?: string;
  policy?: string;
  save?: string;
}

/** The loop's code is loaded only where it is used. */
export function addReplay(program: Command, bind: Bind): void {
  program
    .command("replay <task|file>")
    .description(
      "put a finished task's replies through today's code, and say what decides otherwise",
    )
    .option("--model <id>", "with another model's prices, window and abilities")
    .option("--policy <file|name>", "with another policy")
    .option("--save <file>", "keep the journal, to be replayed without a fleet")
    .addHelpText(
      "after",
      "\nThe journal is fetched once; no model, sandbox or upstream is touched. Exits 1 where something differs.\nMODEL_PROFILES is read from the environment.",
    )
    .action(
      bind(async (session, given: string, options: Options) => {
        const { readProfiles } = await import("../../../shared/models/profile_overrides.ts");
        const { replay } = await import("../../../consumer/replay/replay.ts");
        const { environment } = session.surroundings;
        const profiles = readProfiles(environment.MODEL_PROFILES);
        if (!profiles.ok) throw wrongUsage(profiles.message);
        const policy =
          options.policy === undefined ? undefined : await policyText(options.policy, environment);
        if (policy === null) throw wrongUsage(`there is no file or policy "${options.policy}"`);
        const recording = await recorded(session, given);
        if (options.save !== undefined) await writeFile(options.save, JSON.stringify(recording));
        const { model } = options;
        const found = replay(recording, {
          profileOf: profiles.profileOf,
          ...(model === undefined ? {} : { model }),
          ...(policy === undefined ? {} : { policy }),
        });
        const same = found.differences.length === 0;
        if (session.json) session.emit({ task: recording.task.id, same, ...found });
        else print(session, found);
        return same ? exit.done : exit.failed;
      }),
    );
}

/** A task of the fleet, or a journal that was saved. */
async function recorded(session: Session, given: string): Promise<Recording> {
  const { isRecording } = await import("../../../consumer/replay/recording.ts");
  if (given.startsWith("task_") || given.startsWith("batch_")) {
    if (kindOf(given) !== "task") throw wrongUsage(`${given} is a batch: name one of its tasks`);
    const journal = required(await session.client()("GET /v1/tasks/:id/journal", { id: given }));
    if (isRecording(journal)) return journal;
    throw wrongUsage(`the fleet at ${session.url} answers another kind of journal`);
  }
  const text = await readFile(given, "utf8").catch(() => null);
  if (text === null) throw wrongUsage(`"${given}" is no task's id, and there is no such file`);
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Said below, as for JSON that is something else.
  }
  if (isRecording(value)) return value;
  throw wrongUsage(`${given} holds no journal: fleet replay <task> --save writes one`);
}

function print(session: Session, found: Replayed): void {
  const { write } = session.surroundings;
  const { differences, taken_as_journaled: taken } = found;
  if (differences.length > 0) {
    const rows = differences.map(({ seq, name, what, was, now }) => [
      String(seq),
      name,
      what,
      was,
      now,
    ]);
    const head = ["step", "name", "what", "was", "now"];
    write(`${table(head, rows, session.surroundings)}\n`);
  }
  const replayed = [
    counted(found.model_calls, "model call"),
    counted(found.tool_calls, "tool call"),
    counted(found.decisions, "decision"),
  ].join(", ");
  const end =
    differences.length === 0
      ? "same replies, same tool outcomes, same decisions"
      : counted(differences.length, "difference");
  session.say(`Replayed ${replayed}: ${end}.`);
  if (taken > 0) session.say(`${counted(taken, "model call")} had no words to be read again.`);
}
