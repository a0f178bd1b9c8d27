/**
 * The fields of a request body, each read by itself into what it says of the task. A field that no table
 * has is refused by name: what is silently dropped would change an answer without anybody knowing.
 */

import type { Detail } from "../http/problem.ts";
import { shown } from "../tasks/explain.ts";

export type Json = Record<string, unknown>;

/** What a field says of the task, or what is wrong with it. */
export type Said = { task: Json } | { faults: Detail[] };
export type Field = (value: unknown, path: string) => Said;

export const says = (task: Json): Said => ({ task });
export const wrong = (path: string, code: string, message: string): Said => ({
  faults: [{ path, message, code }],
});

export const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A field that asks for nothing where it has one of these values, and for what nobody does otherwise. */
export const only =
  (...values: readonly unknown[]): Field =>
  (value, path) =>
    values.includes(value)
      ? says({})
      : wrong(
          path,
          "unsupported_value",
          `this fleet cannot do this: leave it out, or write ${values.map((one) => JSON.stringify(one)).join(" or ")}`,
        );

/** A field that a task has under another name; the task's own schema checks its value. */
export const as =
  (into: (value: unknown) => Json): Field =>
  (value) =>
    says(into(value));

export const sampled = (name: string): Field => as((value) => ({ sampling: { [name]: value } }));

/** Metadata of one request become labels of its task. */
export const labelled: Field = as((value) => ({ labels: value }));

/** The end user, whom a label names. */
export const user: Field = as((value) => ({ labels: { user: value } }));

/** A line names its model; "default" is whatever the batch, the key or the fleet says. */
export const model: Field = (value) => says(value === "default" ? {} : { model: value });

/** Task fields that have no place in OpenAI's shape, such as `files`. */
export const own: Field = (value, path) => {
  if (!isRecord(value)) return wrong(path, "invalid_type", "write an object of task fields");
  const named = elsewhere.filter((name) => Object.hasOwn(value, name));
  if (named.length === 0) return says(value);
  return {
    faults: named.map((name) => ({
      path: `${path}.${name}`,
      message: "has a place of its own in this shape: write it there",
      code: "unsupported_parameter",
    })),
  };
};

const elsewhere = [
  "prompt",
  "messages",
  "model",
  "output_schema",
  "custom_id",
  "idempotency_key",
  "expires_at",
];

/**
 * Reads a body by its table, in the table's order: messages follow one another, groups of settings are
 * merged. A null is a field that was left out.
 */
export function readFields(body: Json, table: ReadonlyMap<string, Field>, path: string): Said {
  const faults: Detail[] = [];
  for (const name of Object.keys(body)) {
    if (body[name] === null || table.has(name)) continue;
    const message = `this fleet does not take ${shown(name)}: leave it out; it takes ${[...table.keys()].join(", ")}`;
    faults.push({ path: `${path}.${name}`, message, code: "unsupported_parameter" });
  }
  let task: Json = {};
  for (const [name, field] of table) {
    const value = Object.hasOwn(body, name) ? body[name] : null;
    if (value === null || value === undefined) continue;
    const said = field(value, `${path}.${name}`);
    if ("faults" in said) faults.push(...said.faults);
    else task = merged(task, said.task);
  }
  return faults.length === 0 ? { task } : { faults };
}

/** Names are fields, whatever they mean to the language: none reaches a prototype. */
function merged(task: Json, more: Json): Json {
  const whole = new Map(Object.entries(task));
  for (const [name, value] of Object.entries(more)) {
    const held = whole.get(name);
    const both = Array.isArray(held) && Array.isArray(value) && name === "messages";
    const group = isRecord(held) && isRecord(value);
    whole.set(name, both ? [...held, ...value] : group ? { ...held, ...value } : value);
  }
  return Object.fromEntries(whole);
}
