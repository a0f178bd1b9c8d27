/** The keywords for arrays. */
import { canonicalJson } from "../../../shared/text/canonical_json.ts";
import type { Visit } from "./visit.ts";

export function arrayKeywords(value: readonly unknown[], visit: Visit): void {
  const { schema, fail } = visit;
  const { length } = value;
  const { maxItems, minItems } = schema;
  if (length > Number(maxItems)) {
    fail("maxItems", `Array has too many items (${length} > ${maxItems}).`);
  }
  if (length < Number(minItems)) {
    fail("minItems", `Array has too few items (${length} < ${minItems}).`);
  }
  const checkItems = items(value, visit);
  if (schema.contains !== undefined) contains(value, visit);
  unevaluatedItems(value, visit, checkItems);
  if (schema.uniqueItems) uniqueItems(value, visit);
}

/** Returns how many items the schema has checked by their place. */
function items(value: readonly unknown[], { schema, path, evaluated, run, inner }: Visit): number {
  const { prefixItems, items: rest } = schema;
  const prefix: readonly unknown[] = Array.isArray(prefixItems) ? prefixItems : [];
  const end = rest === undefined ? Math.min(prefix.length, value.length) : value.length;
  for (let index = 0; index < end; index += 1) {
    const itemSchema = index < prefix.length ? prefix[index] : rest;
    inner(() => run.check(value[index], itemSchema, { parent: path, key: index }));
    evaluated.own.add(index);
  }
  return end;
}

function contains(value: readonly unknown[], visit: Visit): void {
  const { schema, path, evaluated, run, inner, fail } = visit;
  const { contains: containsSchema, minContains, maxContains } = schema;
  if (value.length === 0 && minContains === undefined) {
    fail("contains", "Array is empty. It must contain at least one item matching the schema.");
    return;
  }
  if (value.length < Number(minContains)) {
    const text = `Array has less items (${value.length}) than minContains (${minContains}).`;
    fail("minContains", text);
    return;
  }
  let count = 0;
  const least = minContains === undefined ? 1 : Number(minContains);
  inner(
    () => {
      for (const [index, item] of value.entries()) {
        if (!run.check(item, containsSchema, { parent: path, key: index })) continue;
        evaluated.own.add(index);
        count += 1;
      }
      return count >= least;
    },
    minContains === undefined ? "contains" : "minContains",
    () =>
      minContains === undefined
        ? "Array does not contain item matching schema."
        : `Array must contain at least ${minContains} items matching schema. Only ${count} items were found.`,
  );
  if (count >= least && count > Number(maxContains)) {
    const text = `Array may contain at most ${maxContains} items matching schema. ${count} items were found.`;
    fail("maxContains", text);
  }
}

function unevaluatedItems(value: readonly unknown[], visit: Visit, from: number): void {
  const { schema, path, evaluated, run, inner } = visit;
  if (schema.unevaluatedItems === undefined) return;
  for (let index = from; index < value.length; index += 1) {
    if (evaluated.has(index)) continue;
    evaluated.own.add(index);
    const message = () => "Items did not match unevaluated items schema.";
    const item = value[index];
    const place = { parent: path, key: index };
    inner(() => run.check(item, schema.unevaluatedItems, place), "unevaluatedItems", message);
  }
}

/** Compares texts in a set, because comparing each item with each other would be quadratic. */
function uniqueItems(value: readonly unknown[], { run, fail }: Visit): void {
  run.meter.spend(JSON.stringify(value).length);
  const firsts = new Map<unknown, number>();
  for (const [index, item] of value.entries()) {
    const isObject = typeof item === "object" && item !== null;
    const key = isObject ? canonicalJson(item) : typeof item === "string" ? `"${item}` : item;
    const first = firsts.get(key);
    if (first !== undefined) {
      fail("uniqueItems", `Duplicate items at indexes ${first} and ${index}.`);
      return;
    }
    firsts.set(key, index);
  }
}
