/** A check that is a program: it gets the answer, the input and the workspace as data, and says true or a sentence. */
import type { RunOutcome } from "../../sandbox/engine.ts";
import { type CheckVerdict, failed, noVerdict, passed } from "./verdict.ts";

/** The program with `output` and `input` as globals, on its own first line, so that its lines keep their numbers. */
export function checkProgram(code: string, output: unknown, input: unknown): string {
  const literal = (value: unknown): string =>
    value === undefined ? "undefined" : `JSON.parse(${JSON.stringify(JSON.stringify(value))})`;
  return `globalThis.output = ${literal(output)}; globalThis.input = ${literal(input)}; ${code}`;
}

/** `true` passes and a sentence fails. Whatever else a program says is not a verdict. */
export function verdictOfRun({ value, error }: RunOutcome): CheckVerdict {
  if (error !== null) return noVerdict(`It ended with ${error.name}: ${error.message}.`);
  const text = value?.trim() ?? "";
  if (text === "true") return passed;
  if (text === "false") return failed("It says no, and gives no reason.");
  if (text === "")
    return noVerdict("It gave no value: its last expression must be true or a sentence.");
  return failed(text);
}
