import { createInterface } from "node:readline";
import type { Command } from "commander";
import { exit } from "../exit.ts";
import { printable } from "../output/printable.ts";
import { policyText } from "../policy_text.ts";
import type { Bind } from "../program.ts";
import { addPolicyLearn } from "./policy_learn.ts";

/** Checking and deciding need no fleet and no key; the policies' code is loaded only where it is used. */
export function addPolicy(program: Command, bind: Bind): void {
  const policy = program
    .command("policy")
    .description("check policy files, try requests on them, and learn one from what was denied");
  addPolicyLearn(policy, bind);
  policy
    .command("check <files...>")
    .description("say whether policy files are valid, and which secrets they need")
    .action(
      bind(async (session, files: string[]) => {
        const { checkFile, checkFiles } = await import("../../../policies/command.ts");
        const { environment } = session.surroundings;
        if (!session.json) {
          const code = await checkFiles(files, environment, session.say);
          return code === 0 ? exit.done : exit.failed;
        }
        const checked = await Promise.all(files.map((file) => checkFile(file, environment)));
        for (const one of checked) session.emit(one);
        return checked.every(({ ok }) => ok) ? exit.done : exit.failed;
      }),
    );
  policy
    .command("decide")
    .description(
      'read requests {"method", "url", "headers"} as NDJSON on stdin, write a decision each',
    )
    .addHelpText(
      "after",
      "\nAn invalid policy denies every line and says why on standard error: that is its decision, so it exits 0. A policy that is not there denies every line too, and exits 2: its name is mistyped.",
    )
    .requiredOption("--policy <file|name>", "a policy file, or the name of one in policies/")
    .action(
      bind(async (session, options: { policy: string }) => {
        const { decideLines } = await import("../../../policies/command.ts");
        const { write, warn, stdin, environment } = session.surroundings;
        const text = await policyText(options.policy, environment);
        const complain = (line: string) => warn(`${printable(line)}\n`);
        if (text === null)
          complain(
            `policy: there is no file or policy "${options.policy}", so every line is denied`,
          );
        const lines = createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY });
        await decideLines(text, lines, (line) => write(`${line}\n`), complain);
        // An invalid policy denied every line, which is what was asked; a missing one is a typing error.
        return text === null ? exit.usage : exit.done;
      }),
    );
}
