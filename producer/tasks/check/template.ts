/**
 * Fills a task template with one item and the tick. Pure. `{{item.field}}` (deeper with further dots),
 * `{{item}}` and `{{tick.time}}` may appear in any string; a string that is exactly one of them becomes the
 * value itself, with its JSON type. A field that the item lacks is a fault; it is never left empty.
 */
import { Value } from "@sinclair/typebox/value";
import { taskLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { DurableTask } from "../../../shared/task/task.ts";
import type { Detail, Problem } from "../../http/problem.ts";
import type { CheckScope } from "./check_scope.ts";
import { explain, quoteValue } from "./explain.ts";
import { formatPath, joinPath } from "./field_path.ts";
import { findTaskFaults } from "./task_rules.ts";

/** What a template is filled with. `time` is ISO 8601 UTC. */
export interface TemplateData {
  item: unknown;
  tick: { time: string };
}

/** The name is trimmed afterwards: white space around it in the pattern would be matched in many ways. */
const slot = /\{\{([^{}]*)\}\}/g;
const wholeSlotPattern = /^\{\{([^{}]*)\}\}$/;
const knownPlaceholder = /^(?:item(?:\.[^.\s]+)*|tick\.time)$/;

type Path = readonly (string | number)[];

/** The template filled with one item, or everything that the item lacks. */
export function fillTemplate(template: object, filling: TemplateData): Result<unknown, Problem> {
  const details: Detail[] = [];
  const size = { chars: 0 };
  const filledTemplate = mapStrings(template, [], (text, path) =>
    fillText(text, path, { filling, details, size }),
  );
  if (size.chars > taskLimits.bodyBytesMax) return err(filledTooLong);
  if (details.length === 0) return ok(filledTemplate);
  const [first] = details;
  const message = `${first?.path ?? ""}: ${first?.message ?? ""}`;
  return err({ kind: "refused", message, details });
}

const filledTooLong: Problem = {
  kind: "refused",
  message: `the template filled with this item is longer than ${taskLimits.bodyBytesMax.toLocaleString("en")} characters: use its placeholders less often, or shorten the item`,
  details: [],
};

interface Fill {
  filling: TemplateData;
  details: Detail[];
  /** What was filled in, in all fields of the template. */
  size: { chars: number };
}

function fillText(text: string, path: Path, { filling, details, size }: Fill): unknown {
  const missing = (name: string, expectation: string) => {
    if (details.length < taskLimits.problemsReportedMax)
      details.push({ path: formatPath(path), message: `{{${name}}} ${expectation}` });
    return "";
  };
  const slotName = wholeSlot(text);
  if (slotName !== null) {
    const value = lookUp(filling, slotName);
    if (value === undefined) return missing(slotName, "is not in this item");
    size.chars += JSON.stringify(value).length;
    return size.chars > taskLimits.bodyBytesMax ? "" : value;
  }
  return text.replace(slot, (_, rawName: string) => {
    const name = rawName.trim();
    if (size.chars > taskLimits.bodyBytesMax) return "";
    const value = lookUp(filling, name);
    if (value === undefined) return missing(name, "is not in this item");
    if (value === null)
      return missing(name, "is null in this item: inside a longer text it must have a value");
    const valueText = typeof value === "object" ? JSON.stringify(value) : String(value);
    size.chars += valueText.length;
    return valueText;
  });
}

/** The name in a string that is exactly one placeholder; null for any other string. */
function wholeSlot(text: string): string | null {
  return wholeSlotPattern.exec(text.trim())?.[1]?.trim() ?? null;
}

/** Reads own fields only: an item is untrusted data. Undefined where there is no such field. */
function lookUp(filling: TemplateData, name: string): unknown {
  let value: unknown = filling;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** A copy with every string replaced by the result of `change`. */
function mapStrings(
  value: unknown,
  path: Path,
  change: (text: string, path: Path) => unknown,
): unknown {
  if (typeof value === "string") return change(value, path);
  if (Array.isArray(value))
    return value.map((each, index) => mapStrings(each, [...path, index], change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, mapStrings(each, [...path, key], change)]),
  );
}

/**
 * The faults of a template before any item is known: it is filled with a sample and checked as a task;
 * faults at a placeholder are left to the items. Paths start with `template`.
 */
export function findTemplateFaults(template: object, scope: CheckScope): Detail[] {
  const open: string[] = [];
  const details: Detail[] = [];
  const sample = mapStrings(template, [], (text, path) => {
    const replaced = text.replace(slot, "sample");
    if (replaced === text) return text;
    open.push(formatPath(path));
    for (const [, rawName = ""] of text.matchAll(slot)) {
      const name = rawName.trim();
      if (knownPlaceholder.test(name)) continue;
      if (details.length >= taskLimits.problemsReportedMax) break;
      const message = `unknown placeholder ${quoteValue(`{{${name}}}`)}: write {{item}}, {{item.<field>}} or {{tick.time}}`;
      details.push({ path: formatPath(path), message });
    }
    return replaced;
  }) as object;
  for (const path of keysWithSlots(template, [])) {
    details.push({
      path: formatPath(path),
      message: "placeholders are allowed in values only, not in names",
    });
  }
  if ("idempotency_key" in template) {
    details.push({
      path: "idempotency_key",
      message: "is set by the schedule's tick: leave it out",
    });
  }
  details.push(...findClosedFaults(sample, scope, open));
  return details.map(({ path, message }) => ({ path: joinPath("template", path), message }));
}

/** The faults of a sample task, except at or around places that an item will fill. */
function findClosedFaults(sample: object, scope: CheckScope, open: readonly string[]): Detail[] {
  const isOpen = (path: string) =>
    open.some(
      (each) => each === path || each.startsWith(`${path}.`) || each.startsWith(`${path}[`),
    );
  const faults = Value.Check(DurableTask, sample) ? [] : explain(DurableTask, sample);
  const closedFaults = faults.filter(({ path }) => path === "" || !isOpen(path));
  if (closedFaults.length > 0) return closedFaults;
  // Rules read whole fields, so a field that does not fit yet is hidden from them.
  const fieldOf = (path: string) => /^[^.[]+/.exec(path)?.[0] ?? path;
  const unfitFields = new Set(faults.map(({ path }) => fieldOf(path)));
  const rest = Object.fromEntries(
    Object.entries(sample).filter(([name]) => !unfitFields.has(name)),
  );
  const partner = (path: string) => partners[fieldOf(path)];
  return findTaskFaults(rest as DurableTask, scope).filter(
    ({ path }) =>
      !isOpen(path) && !unfitFields.has(partner(path) ?? "") && !open.includes(partner(path) ?? ""),
  );
}

/** Fields that rules read together: a fault of one may go away once the other is filled. */
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
