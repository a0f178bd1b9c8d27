/**
 * Fills a task's template with one item and the tick. Pure. `{{item.field}}` (deeper with further dots),
 * `{{item}}` and `{{tick.time}}` stand in any string; a string that is nothing but one of them becomes
 * the value itself, with its JSON type. What an item lacks is a fault: it is never filled with nothing.
 */
import { Value } from "@sinclair/typebox/value";
import { err, ok, type Result } from "../../shared/result.ts";
import { DurableTask } from "../../shared/task.ts";
import type { Detail, Problem } from "../http/problem.ts";
import type { CheckScope } from "./check_scope.ts";
import { explain, shown, spellPath } from "./explain.ts";
import { taskFaults } from "./task_rules.ts";

/** What a template is filled with. `time` is ISO 8601 UTC. */
export interface Filling {
  item: unknown;
  tick: { time: string };
}

const slot = /\{\{\s*([^{}]*?)\s*\}\}/g;
const known = /^(?:item(?:\.[^.\s]+)*|tick\.time)$/;

type Path = readonly (string | number)[];

/** The task that a template makes of one item, or everything that the item lacks. */
export function fillTemplate(template: object, filling: Filling): Result<unknown, Problem> {
  const details: Detail[] = [];
  const filled = mapped(template, [], (text, path) => fillText(text, path, filling, details));
  if (details.length === 0) return ok(filled);
  const [first] = details;
  const message = `${first?.path ?? ""}: ${first?.message ?? ""}`;
  return err({ kind: "refused", message, details });
}

function fillText(text: string, path: Path, filling: Filling, details: Detail[]): unknown {
  const lacks = (name: string, what: string) => {
    details.push({ path: spellPath(path), message: `{{${name}}} ${what}` });
    return "";
  };
  const whole = wholeSlot(text);
  if (whole !== null) {
    const value = lookUp(filling, whole);
    return value === undefined ? lacks(whole, "is not in this item") : value;
  }
  return text.replace(slot, (_, name: string) => {
    const value = lookUp(filling, name);
    if (value === undefined) return lacks(name, "is not in this item");
    if (value === null) return lacks(name, "is null in this item, and stands in a text");
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  });
}

/** The name in a string that is one placeholder and nothing else; null for any other string. */
function wholeSlot(text: string): string | null {
  const [match] = [...text.trim().matchAll(slot)];
  return match !== undefined && match[0] === text.trim() ? (match[1] ?? null) : null;
}

/** Own fields alone: an item is foreign data. Undefined where there is no such field. */
function lookUp(filling: Filling, name: string): unknown {
  let value: unknown = filling;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** A copy with every string replaced by what `change` makes of it. */
function mapped(
  value: unknown,
  path: Path,
  change: (text: string, path: Path) => unknown,
): unknown {
  if (typeof value === "string") return change(value, path);
  if (Array.isArray(value)) return value.map((each, at) => mapped(each, [...path, at], change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, mapped(each, [...path, key], change)]),
  );
}

/**
 * What is wrong with a template before any item is known: it is filled with a sample and checked as a
 * task, and faults where a placeholder stands are left to the items. Paths begin with `template`.
 */
export function templateFaults(template: object, scope: CheckScope): Detail[] {
  const open: string[] = [];
  const details: Detail[] = [];
  const sample = mapped(template, [], (text, path) => {
    const names = [...text.matchAll(slot)].map(([, name = ""]) => name);
    if (names.length > 0) open.push(spellPath(path));
    for (const name of names.filter((each) => !known.test(each))) {
      const message = `unknown placeholder ${shown(`{{${name}}}`)}: write {{item}}, {{item.<field>}} or {{tick.time}}`;
      details.push({ path: spellPath(path), message });
    }
    return text.replace(slot, "sample");
  }) as object;
  for (const path of keysWithSlots(template, [])) {
    details.push({ path: spellPath(path), message: "names take no placeholders, only values do" });
  }
  if ("idempotency_key" in template) {
    details.push({ path: "idempotency_key", message: "belongs to the tick: leave it out" });
  }
  details.push(...taskFaultsBut(sample, scope, open));
  return details.map(({ path, message }) => ({ path: joined("template", path), message }));
}

const joined = (stem: string, path: string): string =>
  path === "" || path.startsWith("[") ? `${stem}${path}` : `${stem}.${path}`;

/** Faults of a sample task, without those at places (or around places) that an item will fill. */
function taskFaultsBut(sample: object, scope: CheckScope, open: readonly string[]): Detail[] {
  const isOpen = (path: string) =>
    open.some(
      (each) => each === path || each.startsWith(`${path}.`) || each.startsWith(`${path}[`),
    );
  const faults = Value.Check(DurableTask, sample) ? [] : explain(DurableTask, sample);
  const closed = faults.filter(({ path }) => path === "" || !isOpen(path));
  if (closed.length > 0) return closed;
  // Rules read whole fields, so a field that does not fit yet is left out of what they see.
  const fieldOf = (path: string) => /^[^.[]+/.exec(path)?.[0] ?? path;
  const unfit = new Set(faults.map(({ path }) => fieldOf(path)));
  const rest = Object.fromEntries(Object.entries(sample).filter(([name]) => !unfit.has(name)));
  const partner = (path: string) => partners[fieldOf(path)];
  return taskFaults(rest as DurableTask, scope).filter(
    ({ path }) =>
      !isOpen(path) && !unfit.has(partner(path) ?? "") && !open.includes(partner(path) ?? ""),
  );
}

/** Fields that rules read together: what one lacks, the other may have once it is filled. */
const partners: Record<string, string> = {
  prompt: "messages",
  messages: "prompt",
  model: "rehearsal",
  rehearsal: "model",
  not_before: "expires_at",
  expires_at: "not_before",
};

function keysWithSlots(value: unknown, path: Path): Path[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [
    ...(!Array.isArray(value) && key.includes("{{") ? [[...path, key]] : []),
    ...keysWithSlots(each, [...path, key]),
  ]);
}
