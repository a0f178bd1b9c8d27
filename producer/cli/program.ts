import { Command, CommanderError } from "commander";
import { addCancel } from "./commands/cancel.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEgress } from "./commands/egress.ts";
import { addFiles } from "./commands/files.ts";
import { addGet } from "./commands/get.ts";
import { addList } from "./commands/list.ts";
import { addPolicy } from "./commands/policy.ts";
import { addRedrive } from "./commands/redrive.ts";
import { addResults } from "./commands/results.ts";
import { addSteps } from "./commands/steps.ts";
import { addSubmit } from "./commands/submit.ts";
import { addWatch } from "./commands/watch.ts";
import { type ExitCode, exit, Stop } from "./exit.ts";
import { printable, printableJson } from "./printable.ts";
import { openSession, type Session } from "./session.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Turns a command's work into an action. The library calls an action with the arguments, the
 * options and the command; the work gets a session instead of the command, and first.
 */
export type Bind = <A extends unknown[]>(
  work: (session: Session, ...given: A) => Promise<ExitCode>,
) => (...given: unknown[]) => Promise<void>;

/** The whole command line: words in, exit code out. Never rejects for what people or servers do. */
export async function runFleet(
  words: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  let code: ExitCode = exit.done;
  const bind: Bind =
    <A extends unknown[]>(work: (session: Session, ...given: A) => Promise<ExitCode>) =>
    async (...given) => {
      const command = given.at(-1);
      if (!(command instanceof Command)) throw new Error("an action is given its command last");
      const rest = given.slice(0, -1) as A;
      code = await work(openSession(command, surroundings), ...rest);
    };
  const program = fleetProgram(surroundings, bind);
  try {
    await program.parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.done : exit.usage;
    if (error instanceof Stop) {
      surroundings.warn(`${complaint(error.message, words.includes("--json"))}\n`);
      return error.exitCode;
    }
    throw error;
  }
}

function complaint(message: string, json: boolean): string {
  return json ? printableJson({ error: { message } }) : printable(`fleet: ${message}`);
}

function fleetProgram(surroundings: Surroundings, bind: Bind): Command {
  const program = new Command("fleet")
    .description("Submit tasks to the fleet, watch them, and fetch what they made.")
    .option("--url <address>", "where the fleet is (FLEET_URL, default http://127.0.0.1:8787)")
    .option("--key <key>", "the API key (FLEET_API_KEY; dev-key for a fleet on this machine)")
    .option("--json", "answer in JSON")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: surroundings.write,
      writeErr: (text) => surroundings.warn(printable(text)),
    })
    .exitOverride()
    .showHelpAfterError("(fleet --help lists what there is)")
    .addHelpText(
      "after",
      "\nExit codes: 0 it happened, 1 tasks ended badly or the fleet could not do it, 2 wrong usage.",
    );
  const adders = [
    addSubmit,
    addWatch,
    addGet,
    addList,
    addResults,
    addSteps,
    addEgress,
    addFiles,
    addCancel,
    addRedrive,
    addPolicy,
    addDoctor,
  ];
  for (const add of adders) add(program, bind);
  return program;
}
