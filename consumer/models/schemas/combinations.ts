/** The keywords that apply other schemas to the same value. */
import { EvaluatedKeys, type Visit } from "./visit.ts";

export function combinations(value: unknown, visit: Visit): void {
  const { schema, path, evaluated, run, inner, fail } = visit;
  const { $ref, not } = schema;
  if (typeof $ref === "string") inner(() => run.check(value, run.target($ref), path, evaluated));
  if (not !== undefined && run.collect(() => run.check(value, not, path)).valid) {
    fail("not", 'Instance matched "not" schema.');
  }
  branches(value, visit);
  condition(value, visit);
}

/** A branch sees what was evaluated before; what valid branches evaluate counts afterwards. */
function branches(value: unknown, { schema, path, evaluated, run, inner }: Visit): void {
  const { anyOf, allOf, oneOf } = schema;
  const accepted: EvaluatedKeys[] = [];
  const countValid = (list: readonly unknown[]): number =>
    list.filter((branch) => {
      const marks = new EvaluatedKeys(evaluated);
      const valid = run.check(value, branch, path, marks);
      if (valid) accepted.push(marks);
      return valid;
    }).length;
  let matches = 0;
  if (Array.isArray(anyOf)) {
    const message = () => "Instance does not match any subschemas.";
    inner(() => countValid(anyOf) > 0, "anyOf", message);
  }
  if (Array.isArray(allOf)) inner(() => countValid(allOf) === allOf.length);
  if (Array.isArray(oneOf)) {
    const message = () => `Instance does not match exactly one subschema (${matches} matches).`;
    inner(
      () => {
        matches = countValid(oneOf);
        return matches === 1;
      },
      "oneOf",
      message,
    );
  }
  for (const seen of accepted) {
    run.meter.spend(seen.own.size);
    evaluated.add(seen);
  }
}

function condition(value: unknown, { schema, path, evaluated, run, inner }: Visit): void {
  if (schema.if === undefined) return;
  const marks = new EvaluatedKeys();
  const holds = run.collect(() => run.check(value, schema.if, path, marks)).valid;
  if (holds) evaluated.add(marks);
  const branch = holds ? schema.then : schema.else;
  if (branch === undefined) return;
  const message = () => `Instance does not match "${holds ? "then" : "else"}" schema.`;
  inner(() => run.check(value, branch, path, evaluated), "if", message);
}
