/**
 * Tools of a request. A function that the caller defines runs where the caller is, and nobody is there
 * while a batch runs: it is refused. A function without parameters names one of the fleet's own tools.
 */
import type { Detail } from "../http/problem.ts";
import { isRecord, type Json, type Said } from "./fields.ts";

/** `definitionOf` finds name and parameters in an entry, which the two shapes place differently. */
export function readTools(
  value: unknown,
  path: string,
  definitionOf: (tool: Json) => unknown,
): Said {
  if (!Array.isArray(value)) {
    return { faults: [{ path, message: "write a list of tools", code: "invalid_type" }] };
  }
  const faults: Detail[] = [];
  const tools = value.map((tool: unknown, at) => {
    const definition = isRecord(tool) && tool.type === "function" ? definitionOf(tool) : null;
    if (isRecord(definition) && typeof definition.name === "string" && !isDefined(definition)) {
      return definition.name;
    }
    faults.push({ path: `${path}[${at}]`, message: refusal, code: "unsupported_tool" });
    return "";
  });
  return faults.length === 0 ? { task: { tools } } : { faults };
}

const isDefined = ({ parameters }: Json): boolean =>
  parameters !== undefined && parameters !== null;

const refusal =
  "nothing here can run a tool of yours: leave tools out, and the agent has the fleet's own, or name some of those as functions without parameters, such as run_code";
