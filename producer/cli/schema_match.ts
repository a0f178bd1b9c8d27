/**
 * Whether an answer is a fleet's. Any service may listen on the address that people typed, so an answer is
 * held against what the call promises before a command reads it: loosely, because a fleet may be older or
 * newer than the command line. Only what a schema calls essential must be there, or else its first field;
 * whatever is there must be of its kind, and of nested objects only the kind counts.
 */
import type { TSchema } from "@sinclair/typebox";
import * as described from "../api/operations.ts";
import type { CallName } from "../client/index.ts";
import type { Operation } from "../http/operation.ts";

const operations = new Map<string, Operation>(
  Object.values(described).flatMap((one): [string, Operation][] =>
    "answers" in one ? [[`${one.method} ${one.path}`, one as Operation]] : [],
  ),
);

export function isFamiliar(name: CallName, value: unknown): boolean {
  const media = Object.values(operations.get(name)?.answers ?? {});
  return media
    .flatMap((one) => [one["application/json"], one["application/x-ndjson"]])
    .some((schema) => schema !== undefined && fits(schema, value));
}

/** A value of a schema with the fields that it must have, and those of the entries of its lists. */
function fits(schema: TSchema, value: unknown): boolean {
  if (schema.anyOf !== undefined) return branches(schema).some((one) => fits(one, value));
  if (!isOfKind(schema, value)) return false;
  const fields = new Map<string, unknown>(Object.entries(value as object));
  return Object.entries((schema.properties ?? {}) as Record<string, TSchema>).every(
    ([name, property]) => {
      const held = fields.get(name);
      if (held === undefined) return !isEssential(schema, name);
      return isOfKind(property, held) && entriesFit(property, held);
    },
  );
}

function entriesFit({ items }: TSchema, held: unknown): boolean {
  if (!Array.isArray(held) || items?.type !== "object") return true;
  return held.every((entry) => fits(items as TSchema, entry));
}

function isEssential({ essential, required = [] }: TSchema, name: string): boolean {
  const names = (essential ?? (required as string[]).slice(0, 1)) as string[];
  return names.includes(name);
}

const branches = ({ anyOf }: TSchema): TSchema[] => (anyOf ?? []) as TSchema[];

function isOfKind(schema: TSchema, value: unknown): boolean {
  if (schema.anyOf !== undefined) return branches(schema).some((one) => isOfKind(one, value));
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
