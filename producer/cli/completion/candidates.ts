/** What can complete a word of a command line, derived from the commands themselves. Pure. */
import type { Argument, Command, Option } from "commander";

export type IdKind = "task" | "batch" | "schedule" | "key" | "webhook";

export type Candidate = readonly [word: string, description: string];

export type Candidates =
  | { kind: "words"; words: Candidate[] }
  /** Ids, which only the fleet knows. */
  | { kind: "ids"; of: readonly IdKind[] }
  /** Local files, which the shell completes. */
  | { kind: "files" }
  | { kind: "nothing" };

const nothing: Candidates = { kind: "nothing" };
const files: Candidates = { kind: "files" };
const ids = (...kinds: IdKind[]): Candidates => ({ kind: "ids", of: kinds });

/** By the argument's name in the usage line; with its command in front if the name is ambiguous. */
const byArgument: Readonly<Record<string, Candidates>> = {
  id: ids("task", "batch"),
  task: ids("task"),
  batch: ids("batch"),
  schedule: ids("schedule"),
  "keys revoke id": ids("key"),
  "webhooks redeliver id": ids("webhook"),
  "model check model": nothing,
  file: files,
  files,
  path: nothing,
  other: nothing,
  prefix: nothing,
  prompt: nothing,
  step: nothing,
  name: nothing,
  key: nothing,
  "task|file": ids("task"),
};

/** Candidates of an option whose usage text does not name them. */
const byOption: Readonly<Record<string, Candidates>> = {
  "--batch": ids("batch"),
  "--after": ids("batch"),
};

/** `words` follow `fleet`; the last one is incomplete and can be empty. */
export function candidatesFor(program: Command, words: readonly string[]): Candidates {
  const { command, positionals, pending, optionsEnded } = parseWords(program, words.slice(0, -1));
  const word = words.at(-1) ?? "";
  if (pending !== undefined) return optionCandidates(pending);
  if (!optionsEnded && word.startsWith("-")) return { kind: "words", words: optionsOf(command) };
  if (command.commands.length > 0) {
    return positionals === 0 ? { kind: "words", words: commandsOf(command) } : nothing;
  }
  const registered = command.registeredArguments;
  const last = registered.at(-1);
  const argument = registered[positionals] ?? (last?.variadic === true ? last : undefined);
  return argument === undefined ? nothing : argumentCandidates(command, argument);
}

interface ParsedWords {
  command: Command;
  /** How many arguments the command has so far. */
  positionals: number;
  /** An option whose value comes next. */
  pending: Option | undefined;
  /** `--` has ended the options. */
  optionsEnded: boolean;
}

function parseWords(program: Command, words: readonly string[]): ParsedWords {
  const parsed: ParsedWords = {
    command: program,
    positionals: 0,
    pending: undefined,
    optionsEnded: false,
  };
  for (const word of words) {
    if (parsed.pending !== undefined) parsed.pending = undefined;
    else if (!parsed.optionsEnded && word === "--") parsed.optionsEnded = true;
    else if (!parsed.optionsEnded && word.startsWith("-") && word !== "-") {
      parsed.pending = optionWithoutValue(parsed.command, word);
    } else {
      const next = parsed.command.commands.find((command) => command.name() === word);
      if (next !== undefined && parsed.positionals === 0) parsed.command = next;
      else parsed.positionals += 1;
    }
  }
  return parsed;
}

/** The option that `word` names and whose value is the next word; not if it is written as `--name=value`. */
function optionWithoutValue(command: Command, word: string): Option | undefined {
  return withParents(command)
    .flatMap(({ options }) => options)
    .find((option) => option.required && (option.long === word || option.short === word));
}

/** A command and its parents, whose options it accepts too. */
const withParents = (command: Command): Command[] =>
  command.parent === null ? [command] : [command, ...withParents(command.parent)];

const commandsOf = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((each) => [each.name(), each.description()]);

function optionsOf(command: Command): Candidate[] {
  const help = command.createHelp();
  return withParents(command)
    .flatMap((each) => help.visibleOptions(each))
    .filter(
      ({ long }, index, options) => options.findIndex((other) => other.long === long) === index,
    )
    .map(({ long, short, description }) => [long ?? short ?? "", description]);
}

function optionCandidates({ long, flags, argChoices }: Option): Candidates {
  if (argChoices !== undefined) return fromChoices(argChoices);
  const value = /<([^>]*)>/.exec(flags)?.[1] ?? "";
  return byOption[long ?? ""] ?? (/^(file|path)\b/.test(value) ? files : nothing);
}

export function argumentCandidates(command: Command, argument: Argument): Candidates {
  if (argument.argChoices !== undefined) return fromChoices(argument.argChoices);
  const name = argument.name();
  const key = `${command.parent?.name()} ${command.name()} ${name}`;
  return byArgument[key] ?? byArgument[name] ?? unknown;
}

const fromChoices = (choices: readonly string[]): Candidates => ({
  kind: "words",
  words: choices.map((choice) => [choice, ""]),
});

/** An argument that the table above does not list; a test checks that there is none. */
export const unknown: Candidates = { kind: "nothing" };
