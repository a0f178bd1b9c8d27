import { Command, CommanderError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import type { Bind } from "./bind.ts";
import { addDoctor } from "./commands/admin/doctor.ts";
import { addInbox } from "./commands/admin/inbox.ts";
import { addInputs } from "./commands/admin/inputs.ts";
import { addKeys } from "./commands/admin/keys.ts";
import { addMcp } from "./commands/admin/mcp.ts";
import { addRestore } from "./commands/admin/restore.ts";
import { addTenants } from "./commands/admin/tenants.ts";
import { addTools } from "./commands/admin/tools.ts";
import { addWebhooks } from "./commands/admin/webhooks.ts";
import { addBatches } from "./commands/batches/batches.ts";
import { addResults } from "./commands/batches/results.ts";
import { addSubmit } from "./commands/batches/submit.ts";
import { addApprovals } from "./commands/control/approvals.ts";
import { addCancel } from "./commands/control/cancel.ts";
import { addPause } from "./commands/control/pause.ts";
import { addRedrive } from "./commands/control/redrive.ts";
import { addWatch } from "./commands/control/watch.ts";
import { addEval } from "./commands/evals/eval.ts";
import { addEvals } from "./commands/evals/evals.ts";
import { addModelCheck } from "./commands/models/model_check.ts";
import { addModels } from "./commands/models/models.ts";
import { addSpend } from "./commands/models/spend.ts";
import { addEgress } from "./commands/policy/egress.ts";
import { addPolicy } from "./commands/policy/policy.ts";
import { addSchedules } from "./commands/schedules/schedules.ts";
import { addFiles } from "./commands/tasks/files.ts";
import { addGet } from "./commands/tasks/get.ts";
import { addList } from "./commands/tasks/list.ts";
import { addReplay } from "./commands/tasks/replay.ts";
import { addRun } from "./commands/tasks/run.ts";
import { addSteps } from "./commands/tasks/steps.ts";
import { addCompletion } from "./completion/command.ts";
import type { CliContext } from "./context.ts";
import { CommandError, type ErrorReport, type ExitCode, exit } from "./exit.ts";
import { printable, printableJson } from "./output/printable.ts";
import { openSession, type Session } from "./session.ts";

/** The whole CLI: arguments in, exit code out. Never rejects because of a user or a server. */
export async function runFleet(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let code: ExitCode = exit.ok;
  const bind: Bind =
    <A extends unknown[]>(run: (session: Session, ...args: A) => Promise<ExitCode>) =>
    async (...commandArgs) => {
      const command = commandArgs.at(-1);
      if (!(command instanceof Command)) throw new Error("commander passes the command last");
      code = await run(openSession(command, context), ...(commandArgs.slice(0, -1) as A));
    };
  const json = args.includes("--json");
  const report = (text: string, error: ErrorReport): void =>
    context.warn(`${json ? printableJson({ error }) : printable(text)}\n`);
  try {
    await createProgram(context, bind, json).parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exit.ok;
      // commander has already printed its own error as text.
      if (json) report("", { code: "usage", message: commanderMessage(error), details: [] });
      return exit.usage;
    }
    if (error instanceof CommandError) {
      report(`fleet: ${error.message}`, error.report);
      return error.exitCode;
    }
    const message = bugText(error, context.environment);
    report(`fleet: ${message}`, { code: "broken", message, details: [] });
    return exit.failed;
  }
}

/** A bug of the CLI itself: one line; with FLEET_DEBUG the stack trace. */
export function bugText(error: unknown, environment: CliContext["environment"]): string {
  const message = error instanceof Error ? error.message : String(error);
  const [line = ""] = message.split("\n");
  if (!environment.FLEET_DEBUG) {
    return `internal error: ${line} (set FLEET_DEBUG=1 for the stack trace)`;
  }
  return error instanceof Error ? (error.stack ?? message) : message;
}

function commanderMessage({ code, message }: CommanderError): string {
  if (code === "commander.help") return "no command given: see fleet --help";
  return message.replace(/^error: /, "");
}

/** The order of the commands in the help. */
const commands = [
  addRun,
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
  addApprovals,
  addEval,
  addEvals,
  addPause,
  addRestore,
  addSchedules,
  addKeys,
  addTenants,
  addWebhooks,
  addInbox,
  addPolicy,
  addModelCheck,
  addModels,
  addTools,
  addSpend,
  addMcp,
  addDoctor,
  addCompletion,
];

export function createProgram(context: CliContext, bind: Bind, json: boolean): Command {
  const program = new Command("fleet")
    .description("Submit tasks to a fleet, watch them, and fetch their results.")
    .version(manifest.version, "--version", "print the version")
    .option("--url <address>", "address of the fleet (FLEET_URL, default http://127.0.0.1:8787)")
    .option("--key <key>", "API key (FLEET_API_KEY; default dev-key for a fleet on this machine)")
    .option("--json", "print JSON; lists are one JSON object a line")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: context.write,
      // With --json, one error object is printed when the command ends.
      writeErr: (text) => void (json || context.warn(printable(text))),
    })
    .exitOverride()
    .showHelpAfterError("(see fleet --help)")
    .addHelpText(
      "after",
      "\nExit codes: 0 done, 1 tasks failed or the server failed, 2 wrong usage, 3 no fleet answers, 4 the key is refused, 5 not found.",
    );
  for (const add of commands) add(program, bind);
  return program;
}
