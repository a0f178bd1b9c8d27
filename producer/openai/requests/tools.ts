/**
 * Reads the tools of a request. A function that the caller defines would run at the caller, which is not
 * connected while a batch runs, so it is rejected. A function without parameters names a tool of the fleet.
 */

import { err, ok } from "../../../shared/result.ts";
import { isRecord, type Json } from "../../../shared/text/json.ts";
import type { Detail } from "../../http/problem.ts";
import { fieldError, type TaskFields } from "./fields.ts";

/** `definitionOf` finds the function's name and parameters, which the two endpoints place differently. */
export function readTools(
  value: unknown,
  path: string,
  definitionOf: (tool: Json) => unknown,
): TaskFields {
  if (!Array.isArray(value)) {
    return fieldError(path, "invalid_type", "is not a list: use a list of tools");
  }
  const faults: Detail[] = [];
  const tools = value.map((tool: unknown, index) => {
    const definition = isRecord(tool) && tool.type === "function" ? definitionOf(tool) : null;
    if (isRecord(definition) && typeof definition.name === "string" && !hasParameters(definition)) {
      return definition.name;
    }
    faults.push({ path: `${path}[${index}]`, message: unsupportedText, code: "unsupported_tool" });
    return "";
  });
  return faults.length === 0 ? ok({ tools }) : err(faults);
}

const hasParameters = ({ parameters }: Json): boolean =>
  parameters !== undefined && parameters !== null;

const unsupportedText =
  "your own tools cannot run here: omit tools to offer all of the fleet's tools, or name some of them as functions without parameters, such as run_code";
