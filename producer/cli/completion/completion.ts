/** What may stand where a person presses Tab, read off the commands themselves. Pure. */
import type { Argument, Command, Option } from "commander";

export type IdKind = "task" | "batch" | "schedule" | "key" | "webhook";

/** A word, and what it is. */
export type Candidate = readonly [word: string, about: string];

export type Offer =
  | { kind: "words"; words: Candidate[] }
  /** Ids that the fleet alone knows. */
  | { kind: "ids"; of: readonly IdKind[] }
  /** Files of this machine, which the shell knows best. */
  | { kind: "files" }
  | { kind: "nothing" };

const nothing: Offer = { kind: "nothing" };
const files: Offer = { kind: "files" };
const ids = (...of: IdKind[]): Offer => ({ kind: "ids", of });

/** By an argument's name in the usage line; where one name means two things, with its command before it. */
const offers: Readonly<Record<string, Offer>> = {
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
  step: nothing,
  name: nothing,
  key: nothing,
  "task|file": ids("task"),
};

/** By an option's name, where what stands between its brackets does not say it. */
const optionOffers: Readonly<Record<string, Offer>> = {
  "--batch": ids("batch"),
  "--after": ids("batch"),
};

/** `words` stand behind `fleet`; the last one is being written and may be empty. */
export function offerFor(program: Command, words: readonly string[]): Offer {
  const { command, positionals, pending, ended } = placeIn(program, words.slice(0, -1));
  const word = words.at(-1) ?? "";
  if (pending !== undefined) return optionOffer(pending);
  if (!ended && word.startsWith("-")) return { kind: "words", words: optionsOf(command) };
  if (command.commands.length > 0) {
    return positionals === 0 ? { kind: "words", words: commandsOf(command) } : nothing;
  }
  const known = command.registeredArguments;
  const last = known.at(-1);
  const argument = known[positionals] ?? (last?.variadic === true ? last : undefined);
  return argument === undefined ? nothing : argumentOffer(command, argument);
}

/** Where a line of words has led to. */
interface Place {
  command: Command;
  /** How many arguments the command has been given. */
  positionals: number;
  /** An option whose value is next. */
  pending: Option | undefined;
  /** Whether `--` has ended the options. */
  ended: boolean;
}

function placeIn(program: Command, words: readonly string[]): Place {
  const place: Place = { command: program, positionals: 0, pending: undefined, ended: false };
  for (const word of words) {
    if (place.pending !== undefined) place.pending = undefined;
    else if (!place.ended && word === "--") place.ended = true;
    else if (!place.ended && word.startsWith("-") && word !== "-") {
      place.pending = valueless(place.command, word);
    } else {
      const next = place.command.commands.find((one) => one.name() === word);
      if (next !== undefined && place.positionals === 0) place.command = next;
      else place.positionals += 1;
    }
  }
  return place;
}

/** The option of that name that needs a value, which `--name=value` has already. */
function valueless(command: Command, word: string): Option | undefined {
  return lineOf(command)
    .flatMap(({ options }) => options)
    .find((option) => option.required && (option.long === word || option.short === word));
}

/** A command and those above it, whose options it takes too. */
const lineOf = (command: Command): Command[] =>
  command.parent === null ? [command] : [command, ...lineOf(command.parent)];

const commandsOf = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((one) => [one.name(), one.description()]);

function optionsOf(command: Command): Candidate[] {
  const help = command.createHelp();
  return lineOf(command)
    .flatMap((one) => help.visibleOptions(one))
    .filter(({ long }, at, all) => all.findIndex((other) => other.long === long) === at)
    .map(({ long, short, description }) => [long ?? short ?? "", description]);
}

function optionOffer({ long, flags, argChoices }: Option): Offer {
  if (argChoices !== undefined) return chosen(argChoices);
  const value = /<([^>]*)>/.exec(flags)?.[1] ?? "";
  return optionOffers[long ?? ""] ?? (/^(file|path)\b/.test(value) ? files : nothing);
}

export function argumentOffer(command: Command, argument: Argument): Offer {
  if (argument.argChoices !== undefined) return chosen(argument.argChoices);
  const name = argument.name();
  return offers[`${command.parent?.name()} ${command.name()} ${name}`] ?? offers[name] ?? unknown;
}

const chosen = (choices: readonly string[]): Offer => ({
  kind: "words",
  words: choices.map((choice) => [choice, ""]),
});

/** What an argument gets that no line above names; the tests hold that there is none. */
export const unknown: Offer = { kind: "nothing" };
