/** `--expect`: which place of the output must equal which column of the file, and how. */
import type { Grader } from "../../../evals/graders/grader.ts";
import { usageError } from "../../exit.ts";

const syntax =
  "write <output>=<column>, or <output>=<column>:<kind> with exact, text, number~0.01, number~1%, set~0.8 or json; <output> is a field such as label or a path such as /items/0/price";

/** `label`, `answer=label`, `/a/b=column:number~0.01`. */
export function parseExpectation(text: string): Grader {
  const [, place = "text", rest = ""] = /^(?:([^=]*)=)?(.*)$/s.exec(text) ?? [];
  const [, expect = "", how = "exact"] = /^(.*?)(?::([a-z]+(?:~[^:]*)?))?$/s.exec(rest) ?? [];
  if (expect === "" || place === "") throw usageError(`--expect ${text}: ${syntax}`);
  const places = { output: place.startsWith("/") ? place : `/${place}`, expect };
  const [kind = "", option] = how.split("~", 2);
  switch (kind) {
    case "exact":
    case "text":
    case "json":
      if (option !== undefined) throw usageError(`--expect ${text}: ${kind} takes no option`);
      return { kind, ...places };
    case "number":
      return { kind, ...places, ...toleranceOf(option, text) };
    case "set":
      return { kind, ...places, ...(option === undefined ? {} : { f1: numberOf(option, text) }) };
    default:
      throw usageError(`--expect ${text}: unknown kind "${kind}": ${syntax}`);
  }
}

function toleranceOf(option: string | undefined, text: string) {
  if (option === undefined) return {};
  const isRelative = option.endsWith("%");
  const value = numberOf(isRelative ? option.slice(0, -1) : option, text);
  return isRelative ? { tolerance: value / 100, relative: true } : { tolerance: value };
}

function numberOf(option: string, text: string): number {
  const value = option.trim() === "" ? Number.NaN : Number(option);
  if (Number.isFinite(value) && value >= 0) return value;
  throw usageError(`--expect ${text}: "${option}" is not a number of at least 0: ${syntax}`);
}
