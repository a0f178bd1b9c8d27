import { createInterface } from "node:readline";
import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { exit } from "../../exit.ts";
import { printable } from "../../output/printable.ts";
import { readPolicyFile } from "../../policy_file.ts";
import { addPolicyLearn } from "./policy_learn.ts";

/** `check` and `decide` need no fleet and no key; the code of the policies is loaded only when they run. */
export function addPolicy(program: Command, bind: Bind): void {
  const policy = program
    .command("policy")
    .description("check policy files, test requests against them, and propose rules from denials");
  addPolicyLearn(policy, bind);
  policy
    .command("check <files...>")
    .description("check that policy files are valid, and list the secrets they need")
    .action(
      bind(async (session, files: string[]) => {
        const { checkFile, checkFiles } = await import("../../../../policies/command.ts");
        const { environment } = session.context;
        if (!session.json) {
          const code = await checkFiles(files, environment, session.print);
          return code === 0 ? exit.ok : exit.failed;
        }
        const checks = await Promise.all(files.map((file) => checkFile(file, environment)));
        for (const check of checks) session.printJson(check);
        return checks.every(({ ok }) => ok) ? exit.ok : exit.failed;
      }),
    );
  policy
    .command("decide")
    .description(
      'read requests {"method", "url", "headers"} as NDJSON from stdin, and print one decision each',
    )
    .addHelpText(
      "after",
      "\nAn invalid policy denies every request and reports why on standard error; denying is its decision, so it exits 0. A missing policy also denies every request, and exits 2.",
    )
    .requiredOption("--policy <file|name>", "a policy file, or the name of a policy in policies/")
    .action(
      bind(async (session, options: { policy: string }) => {
        const { decideLines } = await import("../../../../policies/command.ts");
        const { write, warn, stdin, environment } = session.context;
        const text = await readPolicyFile(options.policy, environment);
        const report = (line: string) => warn(`${printable(line)}\n`);
        if (text === null) {
          report(
            `policy: there is no policy file or policy "${options.policy}", so every request is denied`,
          );
        }
        const lines = createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY });
        await decideLines(text, lines, (line) => write(`${line}\n`), report);
        return text === null ? exit.usage : exit.ok;
      }),
    );
}
