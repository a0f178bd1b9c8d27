import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Lesson } from "../../../policies/learn.ts";
import { exit, required, Stop, wrongUsage } from "../exit.ts";
import { pagesOf } from "../output/doc_links.ts";
import { counted } from "../output/format.ts";
import { oneLine, printable, printableJson } from "../output/printable.ts";
import type { Bind } from "../program.ts";
import { kindOf, mustExist, type Session } from "../session.ts";

/** Reads the denials of a task or a batch and proposes a policy file; it changes nothing. */
export function addPolicyLearn(policy: Command, bind: Bind): void {
  policy
    .command("learn <id>")
    .description(
      "propose the smallest rules that would have permitted what a task or a batch was denied for want of one",
    )
    .option("-o, --output <file>", "write the policy to a new file instead of standard output")
    .addHelpText(
      "after",
      "\nNothing is applied. An agent may have asked for what it should not have: read each rule before you save it in policies/.",
    )
    .action(
      bind(async (session, id: string, options: { output?: string }) => {
        const { learn } = await import("../../../policies/learn.ts");
        await mustExist(session, id);
        const query = new URLSearchParams({ limit: "500", action: "deny" });
        query.set(kindOf(id) === "task" ? "task_id" : "batch_id", id);
        const denied = await pagesOf(query, async (page) => {
          const { decisions, next_cursor } = required(
            await session.client()("GET /v1/egress", { query: page }),
          );
          return { page: decisions, next_cursor };
        });
        const lesson = learn(denied);
        await tell(session, id, lesson, options.output);
        return exit.done;
      }),
    );
}

async function tell(session: Session, id: string, lesson: Lesson, output: string | undefined) {
  const { rules, requests, passedOver } = lesson;
  const learnt = counted(
    requests.reduce((sum, count) => sum + count, 0),
    "denied request",
  );
  const description = `Proposed from ${learnt} of ${id}. Each rule permits what an agent asked for: keep those that it should have.`;
  const policy = { description, rules };
  const text = `${printableJson(policy, 2)}\n`;
  if (output !== undefined && rules.length > 0) await writeNew(output, text);
  if (session.json) {
    session.emit({ policy, requests, passed_over: passedOver, output: output ?? null });
    return;
  }
  const { warn, write } = session.surroundings;
  const say = (line: string) => warn(`${printable(line)}\n`);
  if (rules.length === 0) say(`${id} was denied nothing for want of a rule that could be proposed`);
  else {
    if (output === undefined) write(text);
    say(`${counted(rules.length, "rule")} from ${learnt}; nothing is applied. Read each of them:`);
    rules.forEach((rule, index) => {
      const wide = rule.path_prefix === "/" ? ", the whole host" : "";
      const at = `${rule.host}${rule.port === undefined ? "" : `:${rule.port}`}`;
      const count = counted(requests[index] ?? 0, "request");
      say(`  ${rule.methods?.join(", ")} https://${at}${rule.path_prefix} (${count}${wide})`);
    });
    if (output !== undefined) say(`written to ${output}; check it: fleet policy check ${output}`);
  }
  if (passedOver.length > 0) say("not proposed:");
  for (const { method, url, because, requests: count } of passedOver.slice(0, 50)) {
    say(`  ${count} x ${oneLine(`${method} ${url}`, 100)}: ${because}`);
  }
  if (passedOver.length > 50) say(`  and ${passedOver.length - 50} more; --json lists all`);
}

/** A file that is there may be somebody's policy: it is never replaced. */
async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "EEXIST") throw wrongUsage(`${file} is there already: name a new file`);
    throw new Stop(exit.failed, `cannot write ${file}${code === "" ? "" : ` (${code})`}`);
  }
}
