import path from "node:path";
import { Argument, type Command } from "commander";
import { commandLineLimits } from "../../../shared/limits.ts";
import type { FleetClient } from "../../client/index.ts";
import type { Bind } from "../bind.ts";
import { CommandError, exit } from "../exit.ts";
import { printableLine } from "../output/printable.ts";
import { connect, type Session } from "../session.ts";
import { type Candidate, candidatesFor } from "./candidates.ts";
import { fetchIds, isShellSafe } from "./ids.ts";
import { completeCommand, completionScript, filesMarker, type Shell, shells } from "./scripts.ts";

export function addCompletion(program: Command, bind: Bind): void {
  program
    .command("completion")
    .description("print a shell script that completes commands, options and ids")
    .addArgument(new Argument("<shell>", "the shell that will run it").choices(shells))
    .addHelpText(
      "after",
      [
        "",
        'bash, in ~/.bashrc:                   eval "$(fleet completion bash)"',
        'zsh, in ~/.zshrc:                     eval "$(fleet completion zsh)"',
        "fish, in ~/.config/fish/config.fish:  fleet completion fish | source",
      ].join("\n"),
    )
    .action(
      bind(async ({ context }, shell: Shell) => {
        const launcher = path.resolve(import.meta.dirname, "../fleet.mjs");
        context.write(completionScript(shell, launcher));
        return exit.ok;
      }),
    );
  program.command(`${completeCommand} [words...]`, { hidden: true }).action(
    bind(async (session, words: string[]) => {
      for (const line of await complete(program, session, words)) session.print(line);
      return exit.ok;
    }),
  );
}

/** The lines that the scripts read: a word, a tab, its description. Errors are not shown at a prompt. */
async function complete(
  program: Command,
  session: Session,
  words: readonly string[],
): Promise<string[]> {
  const candidates = candidatesFor(program, words);
  const word = words.at(-1) ?? "";
  switch (candidates.kind) {
    case "words":
      return matchingLines(candidates.words, word);
    case "ids": {
      const client = clientFor(session, words);
      const ids = client === null ? [] : await fetchIds(client, candidates.of, word);
      const safe = ids.filter(([id]) => isShellSafe(id));
      return matchingLines(safe, word);
    }
    case "files":
      return [filesMarker];
    case "nothing":
      return [];
  }
}

const matchingLines = (candidates: readonly Candidate[], prefix: string): string[] =>
  candidates
    .filter(([word]) => word.startsWith(prefix))
    .map(
      ([word, about]) =>
        `${word}\t${printableLine(about, commandLineLimits.completionHelpCharsMax)}`,
    );

/** The fleet that the line names, or the default one; null without a usable address and key. */
function clientFor({ context }: Session, words: readonly string[]): FleetClient | null {
  const url = optionValue(words, "--url");
  const key = optionValue(words, "--key");
  try {
    return connect(
      { ...(url === undefined ? {} : { url }), ...(key === undefined ? {} : { key }) },
      context,
    ).client;
  } catch (error) {
    if (error instanceof CommandError) return null;
    throw error;
  }
}

function optionValue(words: readonly string[], option: string): string | undefined {
  const valueInWord = words.find((word) => word.startsWith(`${option}=`));
  const optionIndex = words.indexOf(option);
  return (
    valueInWord?.slice(option.length + 1) ??
    (optionIndex === -1 ? undefined : words[optionIndex + 1])
  );
}
