import path from "node:path";
import { Argument, type Command } from "commander";
import { commandLineLimits } from "../../../shared/limits.ts";
import type { Fleet } from "../../client/index.ts";
import { type Candidate, offerFor } from "../completion/completion.ts";
import { idsOf, isPlain } from "../completion/ids.ts";
import { asking, completionScript, filesMeant, type Shell, shells } from "../completion/scripts.ts";
import { exit, Stop } from "../exit.ts";
import { oneLine } from "../output/printable.ts";
import type { Bind } from "../program.ts";
import { connect, type Session } from "../session.ts";

export function addCompletion(program: Command, bind: Bind): void {
  program
    .command("completion")
    .description("print what completes commands, options and ids in a shell")
    .addArgument(new Argument("<shell>", "the shell that evaluates it").choices(shells))
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
      bind(async ({ surroundings }, shell: Shell) => {
        const launcher = path.resolve(import.meta.dirname, "../fleet.mjs");
        surroundings.write(completionScript(shell, launcher));
        return exit.done;
      }),
    );
  program.command(`${asking} [words...]`, { hidden: true }).action(
    bind(async (session, words: string[]) => {
      for (const line of await offered(program, session, words)) session.say(line);
      return exit.done;
    }),
  );
}

/** What the scripts read: a word on each line, behind a tab what it is. A person at a prompt sees no error. */
async function offered(
  program: Command,
  session: Session,
  words: readonly string[],
): Promise<string[]> {
  const offer = offerFor(program, words);
  const word = words.at(-1) ?? "";
  switch (offer.kind) {
    case "words":
      return lines(offer.words, word);
    case "ids": {
      const client = fleetNamed(session, words);
      const known = client === null ? [] : await idsOf(client, offer.of, word);
      const plain = known.filter(([id]) => isPlain(id));
      return lines(plain, word);
    }
    case "files":
      return [filesMeant];
    case "nothing":
      return [];
  }
}

const lines = (candidates: readonly Candidate[], word: string): string[] =>
  candidates
    .filter(([offer]) => offer.startsWith(word))
    .map(
      ([offer, about]) => `${offer}\t${oneLine(about, commandLineLimits.completionAboutCharsMax)}`,
    );

/** The fleet that the line names, or the usual one; null without a key for it. */
function fleetNamed({ surroundings }: Session, words: readonly string[]): Fleet | null {
  const url = named(words, "--url");
  const key = named(words, "--key");
  try {
    return connect(
      { ...(url === undefined ? {} : { url }), ...(key === undefined ? {} : { key }) },
      surroundings,
    ).client;
  } catch (error) {
    if (error instanceof Stop) return null;
    throw error;
  }
}

function named(words: readonly string[], option: string): string | undefined {
  const joined = words.find((word) => word.startsWith(`${option}=`));
  const at = words.indexOf(option);
  return joined?.slice(option.length + 1) ?? (at === -1 ? undefined : words[at + 1]);
}
