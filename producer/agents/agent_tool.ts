/** A tool that an agent calls to use the fleet. It has the rights of the key that the agent was given, and no others. */
import type { Static, TObject } from "@sinclair/typebox";
import { agentLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { CallResult, FleetClient } from "../client/index.ts";

export interface AgentTool {
  name: string;
  description: string;
  input: TObject;
  /** True where the call changes nothing. */
  readOnly: boolean;
  /** The value, or a sentence that says what is wrong and what to do. `input` fits the schema. */
  run(client: FleetClient, input: never): Promise<Result<unknown, string>>;
}

/** Gives `run` the type of its schema. */
export const agentTool = <S extends TObject>(
  tool: Omit<AgentTool, "input" | "run"> & {
    input: S;
    run(client: FleetClient, input: Static<S>): Promise<Result<unknown, string>>;
  },
): AgentTool => tool as AgentTool;

/** The value of a call of the API; an error keeps the places of its faults. */
export function readValue<T>(result: CallResult<T>): Result<T, string> {
  if (result.ok) return ok(result.value);
  const { code, message, details } = result.error;
  const places = details
    .slice(0, agentLimits.faultsShown)
    .map(
      ({ line, path, message: text }) =>
        `${line === undefined ? "" : `line ${line} `}${path}: ${text}`,
    );
  return err([`${code}: ${message}`, ...places].join("\n"));
}

/** JSON that fits an agent's window: a longer one is cut, and says so. */
export function boundedJson(value: unknown): string {
  const text = JSON.stringify(value, null, 1) ?? "null";
  if (text.length <= agentLimits.outputCharsMax) return text;
  return `${text.slice(0, agentLimits.outputCharsMax)}\n… cut: ${text.length} characters in all; ask for less`;
}

/** A text that shows its start. */
export const shortened = (
  value: unknown,
  charsMax: number = agentLimits.valueCharsMax,
): unknown => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "null");
  return text.length <= charsMax
    ? value
    : `${text.slice(0, charsMax)}… (${text.length} characters)`;
};
