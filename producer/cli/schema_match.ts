/**
 * Checks whether a response comes from a fleet: any service may listen on the address that was typed. The
 * check is loose, because a fleet may be older or newer than the CLI. Only the fields that a schema calls
 * essential must be there, or else its first field; a field that is there must be of its type, and of
 * nested objects only the type counts.
 */
import type { TSchema } from "@sinclair/typebox";
import * as allOperations from "../api/operations.ts";
import type { CallName } from "../client/index.ts";
import type { Operation } from "../http/operation.ts";

const operations = new Map<string, Operation>(
  Object.values(allOperations).flatMap((each): [string, Operation][] =>
    "responses" in each ? [[`${each.method} ${each.path}`, each as Operation]] : [],
  ),
);

export function matchesOperation(name: CallName, value: unknown): boolean {
  return Object.values(operations.get(name)?.responses ?? {})
    .flatMap((media) => [media["application/json"], media["application/x-ndjson"]])
    .some((schema) => schema !== undefined && matches(schema, value));
}

/** The value has the essential fields of the schema, and so do the entries of its lists. */
function matches(schema: TSchema, value: unknown): boolean {
  if (schema.anyOf !== undefined) return branches(schema).some((branch) => matches(branch, value));
  if (!isOfType(schema, value)) return false;
  const fields = new Map<string, unknown>(Object.entries(value as object));
  return Object.entries((schema.properties ?? {}) as Record<string, TSchema>).every(
    ([name, property]) => {
      const field = fields.get(name);
      if (field === undefined) return !isEssential(schema, name);
      return isOfType(property, field) && entriesMatch(property, field);
    },
  );
}

function entriesMatch({ items }: TSchema, list: unknown): boolean {
  if (!Array.isArray(list) || items?.type !== "object") return true;
  return list.every((entry) => matches(items as TSchema, entry));
}

function isEssential({ essential, required = [] }: TSchema, name: string): boolean {
  const names = (essential ?? (required as string[]).slice(0, 1)) as string[];
  return names.includes(name);
}

const branches = ({ anyOf }: TSchema): TSchema[] => (anyOf ?? []) as TSchema[];

function isOfType(schema: TSchema, value: unknown): boolean {
  if (schema.anyOf !== undefined) return branches(schema).some((branch) => isOfType(branch, value));
  if (schema.const !== undefined) return typeof value === typeof schema.const;
  switch (schema.type) {
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "array":
      return Array.isArray(value);
    case "integer":
    case "number":
      return typeof value === "number";
    case "string":
    case "boolean":
      return typeof value === schema.type;
    case "null":
      return value === null;
    default:
      return true;
  }
}
