import { modelLimits } from "../../../shared/limits.ts";
import { isRecord, type Json } from "../../../shared/text/json.ts";
import { SchemaRun } from "../schemas/json_schema.ts";
import { Meter, OutOfWork } from "../schemas/meter.ts";
import type { Path, SchemaError } from "../schemas/visit.ts";

function placeOf(path: Path | null): string {
  if (path === null) return "";
  const before = placeOf(path.parent);
  if (/^\d+$/.test(String(path.key))) return `${before}[${path.key}]`;
  return before === "" ? String(path.key) : `${before}.${path.key}`;
}

function line({ path, message }: SchemaError): string {
  return `${path === null ? "the arguments" : placeOf(path)}: ${message}`;
}

/**
 * Why a value does not fit its schema, one line per place with path and expectation; empty where it fits.
 * JSON Schema 2020-12. A schema that cannot be used, or takes too long, fits nothing.
 */
export function problemsOf(value: unknown, schema: Json): string[] {
  try {
    const errors = new SchemaRun(schema, new Meter(modelLimits.schemaWorkMax)).errorsOf(value);
    return [...new Set(errors.map(line))];
  } catch (thrown) {
    if (thrown instanceof OutOfWork) return [`the arguments: ${thrown.message}`];
    return [`the schema cannot be used: ${thrown instanceof Error ? thrown.message : "unknown"}`];
  }
}

export function fits(value: unknown, schema: unknown): boolean {
  if (typeof schema === "boolean") return schema;
  return isRecord(schema) && problemsOf(value, schema).length === 0;
}

/** The problems as one text for the model, with the argument names it may use. */
export function problemText(name: string, problems: readonly string[], schema: Json): string {
  const lines = problems.slice(0, modelLimits.problemsShownMax).map((problem) => `- ${problem}`);
  const hiddenCount = problems.length - lines.length;
  const names = isRecord(schema.properties)
    ? Object.keys(schema.properties).slice(0, modelLimits.namesShownMax)
    : [];
  const required = Array.isArray(schema.required) ? schema.required.join(", ") : "";
  return [
    `The arguments of ${name} do not fit its schema:`,
    ...lines,
    ...(hiddenCount > 0 ? [`- and ${hiddenCount} more`] : []),
    ...(names.length === 0 ? [] : [`Its arguments are: ${names.join(", ")}.`]),
    ...(required === "" ? [] : [`Required: ${required}.`]),
    "Call it again with complete, corrected arguments.",
  ].join("\n");
}
