import { charactersOf } from "./strings.ts";

const longList = 50_000;
const { max, min } = Math;

const listOf = (values: Iterable<unknown>): unknown[] =>
  typeof values === "string" ? charactersOf(values) : [...values];

function extreme(values: Iterable<unknown>, pick: (...values: number[]) => number): number {
  const list = (
    Array.isArray(values) || ArrayBuffer.isView(values) ? values : [...values]
  ) as number[];
  if (list.length < longList) return pick(...list);
  let best = pick();
  for (let start = 0; start < list.length; start += longList)
    best = pick(best, ...list.slice(start, start + longList));
  return best;
}

function push(target: { push(...values: unknown[]): number }, values: Iterable<unknown>): number {
  const list = Array.isArray(values) ? values : [...values];
  if (!Array.isArray(target) || list.length < longList) return target.push(...list);
  for (const value of list) target[target.length] = value;
  return target.length;
}

/** Functions that transformed code calls instead of a spread; see transform/nested.ts. */
export const lists = {
  listOf,
  push,
  max: (values: Iterable<unknown>) => extreme(values, max),
  min: (values: Iterable<unknown>) => extreme(values, min),
};
