import { type OutputUnit, Validator } from "@cfworker/json-schema";
import { isRecord, type Json } from "../../../shared/json.ts";
import { modelLimits } from "../../../shared/limits.ts";

const validators = new WeakMap<object, Validator>();

function validatorOf(schema: Json): Validator {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const validator = new Validator(schema, "2020-12", false);
  validators.set(schema, validator);
  return validator;
}

/** Applicators only repeat what their branches say. */
const wrappers = new Set([
  "properties",
  "items",
  "prefixItems",
  "$ref",
  "allOf",
  "patternProperties",
]);

function pathOf(pointer: string): string {
  const parts = pointer.replace(/^#\/?/, "").split("/");
  return parts
    .filter((part) => part !== "")
    .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((path, part) => {
      if (/^\d+$/.test(part)) return `${path}[${part}]`;
      return path === "" ? part : `${path}.${part}`;
    }, "");
}

function line(unit: OutputUnit): string {
  const path = pathOf(unit.instanceLocation);
  return `${path === "" ? "the arguments" : path}: ${unit.error}`;
}

/** Errors of unions follow all their branches; the deepest lines say what to fix. */
function lines(units: readonly OutputUnit[]): string[] {
  const leaves = units.filter((unit) => !wrappers.has(unit.keyword));
  return [...new Set((leaves.length > 0 ? leaves : units).map(line))];
}

/**
 * Why a value does not fit its schema, one line per place with path and expectation;
 * empty where it fits. JSON Schema 2020-12; a schema that cannot be used fits nothing.
 */
export function problemsOf(value: unknown, schema: Json): string[] {
  try {
    const result = validatorOf(schema).validate(value);
    return result.valid ? [] : lines(result.errors);
  } catch (thrown) {
    return [`the schema cannot be used: ${thrown instanceof Error ? thrown.message : "unknown"}`];
  }
}

export function fits(value: unknown, schema: unknown): boolean {
  if (typeof schema === "boolean") return schema;
  return isRecord(schema) && problemsOf(value, schema).length === 0;
}

/** The problems as one text for the model, with the argument names it may use. */
export function problemText(name: string, problems: readonly string[], schema: Json): string {
  const shown = problems.slice(0, modelLimits.problemsShownMax).map((problem) => `- ${problem}`);
  const more = problems.length - shown.length;
  const names = isRecord(schema.properties)
    ? Object.keys(schema.properties).slice(0, modelLimits.namesShownMax)
    : [];
  const required = Array.isArray(schema.required) ? schema.required.join(", ") : "";
  return [
    `The arguments of ${name} do not fit its schema:`,
    ...shown,
    ...(more > 0 ? [`- and ${more} more`] : []),
    ...(names.length === 0 ? [] : [`Its arguments are: ${names.join(", ")}.`]),
    ...(required === "" ? [] : [`Required: ${required}.`]),
    "Call it again with complete, corrected arguments.",
  ].join("\n");
}
