import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Proposal } from "../../../../policies/learn.ts";
import type { Bind } from "../../bind.ts";
import { CommandError, exit, unwrap, usageError } from "../../exit.ts";
import { countText } from "../../output/format.ts";
import { printable, printableJson, printableLine } from "../../output/printable.ts";
import { readAllPages } from "../../pages.ts";
import { kindOf, mustExist, type Session } from "../../session.ts";

/** Proposes a policy file from the denials of a task or a batch; it changes nothing. */
export function addPolicyLearn(policy: Command, bind: Bind): void {
  policy
    .command("learn <id>")
    .description(
      "propose the smallest rules that would permit the requests of a task or a batch that no rule matched",
    )
    .option("-o, --output <file>", "write the policy to a new file instead of standard output")
    .addHelpText(
      "after",
      "\nNothing is applied. An agent may have requested what it should not reach: read each rule before you save it in policies/.",
    )
    .action(
      bind(async (session, id: string, options: { output?: string }) => {
        const { proposeRules: learn } = await import("../../../../policies/learn.ts");
        await mustExist(session, id);
        const query = new URLSearchParams({ limit: "500", action: "deny" });
        query.set(kindOf(id) === "task" ? "task_id" : "batch_id", id);
        const deniedRequests = await readAllPages(async (cursor) => {
          if (cursor !== null) query.set("cursor", cursor);
          const { decisions, next_cursor } = unwrap(
            await session.client()("GET /v1/egress", { query }),
          );
          return { page: decisions, next_cursor };
        });
        await printLesson(session, id, learn(deniedRequests), options.output);
        return exit.ok;
      }),
    );
}

const shownMax = 50;

async function printLesson(
  session: Session,
  id: string,
  lesson: Proposal,
  output: string | undefined,
): Promise<void> {
  const { rules, requests, skipped } = lesson;
  const total = countText(
    requests.reduce((sum, count) => sum + count, 0),
    "denied request",
  );
  const description = `Proposed from ${total} of ${id}. Each rule permits what an agent requested: keep only what it should reach.`;
  const policy = { description, rules };
  const text = `${printableJson(policy, 2)}\n`;
  if (output !== undefined && rules.length > 0) await writeNewPolicy(output, text);
  if (session.json) {
    session.printJson({ policy, requests, passed_over: skipped, output: output ?? null });
    return;
  }
  const warn = (line: string) => session.context.warn(`${printable(line)}\n`);
  if (rules.length === 0) warn(`${id} has no denied request that a rule could permit`);
  else {
    if (output === undefined) session.context.write(text);
    warn(
      `${countText(rules.length, "rule")} from ${total}; nothing is applied. Read each of them:`,
    );
    rules.forEach((rule, index) => {
      const scope = rule.path_prefix === "/" ? ", the whole host" : "";
      const host = `${rule.host}${rule.port === undefined ? "" : `:${rule.port}`}`;
      const count = countText(requests[index] ?? 0, "request");
      warn(`  ${rule.methods?.join(", ")} https://${host}${rule.path_prefix} (${count}${scope})`);
    });
    if (output !== undefined) warn(`written to ${output}. Check it: fleet policy check ${output}`);
  }
  if (skipped.length > 0) warn("not proposed:");
  for (const { method, url, cause: because, requests: count } of skipped.slice(0, shownMax)) {
    warn(`  ${count} x ${printableLine(`${method} ${url}`, 100)}: ${because}`);
  }
  const rest = skipped.length - shownMax;
  if (rest > 0) warn(`  and ${rest} more; --json lists all`);
}

/** Never replaces an existing file: it may be a policy in use. */
async function writeNewPolicy(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "EEXIST") throw usageError(`${file} exists already: name a new file`);
    throw new CommandError(
      exit.failed,
      `cannot write ${file}${code === "" ? "" : ` (${code})`}: name another place`,
    );
  }
}
