/** The TypeScript signature of a tool, built from its schemas, for programs that call it. */
import { simplifySchema } from "../models/request/simplify.ts";
import type { Tool } from "./define.ts";

type Schema = Readonly<Record<string, unknown>>;

const depthMax = 5;
const plainNames: Readonly<Record<string, string>> = {
  string: "string",
  number: "number",
  integer: "number",
  boolean: "boolean",
  null: "null",
};

/** Such as `read_file(input: { path: string; offset?: number }): Promise<string>`. */
export function signatureOf(tool: Tool, parameters: Schema): string {
  const input = typeOf(parameters, 0);
  const optional = listOf(parameters.required).length === 0 ? "?" : "";
  const output =
    tool.output === undefined
      ? "string"
      : typeOf(fieldOf(simplifySchema({ properties: { it: plainCopy(tool.output) } })), 0);
  return `${tool.name}(input${optional}: ${input}): Promise<${output}>`;
}

/** Drops the symbols of TypeBox schemas. */
const plainCopy = (schema: object): unknown => JSON.parse(JSON.stringify(schema)) as unknown;

const fieldOf = (schema: Schema): Schema =>
  (schema.properties as Record<string, Schema> | undefined)?.it ?? {};

function typeOf(schema: Schema, depth: number): string {
  if (depth > depthMax) return "unknown";
  const choices = listOf(schema.enum);
  if (choices.length > 0) return choices.map((choice) => JSON.stringify(choice)).join(" | ");
  const branches = listOf(schema.anyOf) as Schema[];
  if (branches.length > 0) {
    return [...new Set(branches.map((branch) => typeOf(branch, depth + 1)))].join(" | ");
  }
  if (schema.type === "array") {
    const items = typeOf((schema.items as Schema | undefined) ?? {}, depth + 1);
    return /[ |]/.test(items) && !items.startsWith("{") ? `(${items})[]` : `${items}[]`;
  }
  if (schema.type === "object") return objectType(schema, depth);
  return plainNames[String(schema.type)] ?? "unknown";
}

function objectType(schema: Schema, depth: number): string {
  const required = new Set(listOf(schema.required));
  const fields = Object.entries((schema.properties as Record<string, Schema> | undefined) ?? {});
  if (fields.length === 0) {
    const values = schema.additionalProperties;
    const inner = typeof values === "object" && values !== null ? (values as Schema) : {};
    return schema.additionalProperties === false
      ? "{}"
      : `Record<string, ${typeOf(inner, depth + 1)}>`;
  }
  const lines = fields.map(
    ([name, field]) =>
      `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)}${required.has(name) ? "" : "?"}: ${typeOf(field, depth + 1)}`,
  );
  return `{ ${lines.join("; ")} }`;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
