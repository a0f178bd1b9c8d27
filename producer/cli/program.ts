import { Command, CommanderError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { addBatches } from "./commands/batches.ts";
import { addCancel } from "./commands/cancel.ts";
import { addCompletion } from "./commands/completion.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEgress } from "./commands/egress.ts";
import { addFiles } from "./commands/files.ts";
import { addGet } from "./commands/get.ts";
import { addInbox } from "./commands/inbox.ts";
import { addInputs } from "./commands/inputs.ts";
import { addKeys } from "./commands/keys.ts";
import { addList } from "./commands/list.ts";
import { addModel } from "./commands/model.ts";
import { addModels } from "./commands/models.ts";
import { addPause } from "./commands/pause.ts";
import { addPolicy } from "./commands/policy.ts";
import { addRedrive } from "./commands/redrive.ts";
import { addReplay } from "./commands/replay.ts";
import { addResults } from "./commands/results.ts";
import { addSchedules } from "./commands/schedules.ts";
import { addSpend } from "./commands/spend.ts";
import { addSteps } from "./commands/steps.ts";
import { addSubmit } from "./commands/submit.ts";
import { addTools } from "./commands/tools.ts";
import { addWatch } from "./commands/watch.ts";
import { addWebhooks } from "./commands/webhooks.ts";
import { type Complaint, type ExitCode, exit, Stop } from "./exit.ts";
import { printable, printableJson } from "./output/printable.ts";
import { openSession, type Session } from "./session.ts";
import type { CliContext } from "./surroundings.ts";

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
  surroundings: CliContext,
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
  const json = words.includes("--json");
  const complain = (text: string, complaint: Complaint): void =>
    surroundings.warn(`${json ? printableJson({ error: complaint }) : printable(text)}\n`);
  const program = fleetProgram(surroundings, bind, json);
  try {
    await program.parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exit.done;
      // In text the library has said it already.
      if (json) complain("", { code: "usage", message: usageMessage(error), details: [] });
      return exit.usage;
    }
    if (error instanceof Stop) {
      complain(`fleet: ${error.message}`, error.complaint);
      return error.exitCode;
    }
    const message = faultText(error, surroundings.environment);
    complain(`fleet: ${message}`, { code: "broken", message, details: [] });
    return exit.failed;
  }
}

/** A fault of the command line itself: one line, and where it was only for FLEET_DEBUG. */
export function faultText(error: unknown, environment: CliContext["environment"]): string {
  const told = error instanceof Error ? error.message : String(error);
  const [line = ""] = told.split("\n");
  if (!environment.FLEET_DEBUG) {
    return `the command broke: ${line} (FLEET_DEBUG=1 shows where)`;
  }
  return error instanceof Error ? (error.stack ?? told) : told;
}

function usageMessage({ code, message }: CommanderError): string {
  if (code === "commander.help") return "name a command: fleet --help lists what there is";
  return message.replace(/^error: /, "");
}

export function fleetProgram(surroundings: CliContext, bind: Bind, json: boolean): Command {
  const program = new Command("fleet")
    .description("Submit tasks to the fleet, watch them, and fetch what they made.")
    .version(manifest.version, "--version", "show the version")
    .option("--url <address>", "where the fleet is (FLEET_URL, default http://127.0.0.1:8787)")
    .option("--key <key>", "the API key (FLEET_API_KEY; dev-key for a fleet on this machine)")
    .option("--json", "answer in JSON")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: surroundings.write,
      // With --json the one object that the caller reads is written when the command ends.
      writeErr: (text) => void (json || surroundings.warn(printable(text))),
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
    addBatches,
    addResults,
    addSteps,
    addEgress,
    addFiles,
    addInputs,
    addCancel,
    addRedrive,
    addReplay,
    addPause,
    addSchedules,
    addKeys,
    addWebhooks,
    addInbox,
    addPolicy,
    addModel,
    addModels,
    addTools,
    addSpend,
    addDoctor,
    addCompletion,
  ];
  for (const add of adders) add(program, bind);
  return program;
}
