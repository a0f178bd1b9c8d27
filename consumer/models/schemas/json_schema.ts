/**
 * Validates values against JSON Schema 2020-12 with a limit on the work: a schema of 1 KB whose references
 * double at each level, or a long list against it, ends with OutOfWork. The package that was used before
 * cannot be stopped; tests compare the answers of both.
 */

import { targetOf } from "../../../shared/schema/check.ts";
import { isRecord, type Json } from "../../../shared/text/json.ts";
import { arrayKeywords } from "./array_keywords.ts";
import { combinations } from "./combinations.ts";
import type { Meter } from "./meter.ts";
import { objectKeywords } from "./object_keywords.ts";
import { Pattern } from "./pattern.ts";
import { anyValue, numberKeywords, stringKeywords } from "./value_keywords.ts";
import { EvaluatedKeys, type Path, type Run, type SchemaError, type Visit } from "./visit.ts";

/** The work for each pair of value and schema. */
const visitWork = 4;

const errorsMax = 1_000;

export class SchemaRun implements Run {
  #errors: SchemaError[] = [];
  readonly #patterns = new Map<string, Pattern>();
  readonly #targets = new Map<string, unknown>();

  readonly #root: Json;
  readonly meter: Meter;

  constructor(root: Json, meter: Meter) {
    this.#root = root;
    this.meter = meter;
  }

  errorsOf(value: unknown): SchemaError[] {
    return this.check(value, this.#root, null) ? [] : this.#errors;
  }

  pattern(source: string): Pattern {
    const cached = this.#patterns.get(source);
    if (cached !== undefined) return cached;
    this.meter.spend(1_000 + source.length * 10);
    const pattern = new Pattern(source);
    this.#patterns.set(source, pattern);
    return pattern;
  }

  target(ref: string): unknown {
    if (!this.#targets.has(ref)) this.#targets.set(ref, targetOf(ref, this.#root));
    const target = this.#targets.get(ref);
    if (target === undefined) throw new Error(`Unresolved $ref "${ref}".`);
    return target;
  }

  /** Runs `body` and returns its errors, without adding them to the errors of this validation. */
  collect(body: () => boolean): { valid: boolean; errors: SchemaError[] } {
    const outer = this.#errors;
    this.#errors = [];
    const valid = body();
    const errors = this.#errors;
    this.#errors = outer;
    return { valid, errors };
  }

  /** Adds an error for each reason why the value is not valid. Throws OutOfWork. */
  check(
    value: unknown,
    schema: unknown,
    path: Path | null,
    evaluated = new EvaluatedKeys(),
  ): boolean {
    this.meter.spend(visitWork);
    if (schema === true) return true;
    let valid = true;
    const fail = (keyword: string, message: string): void => {
      valid = false;
      this.meter.spend(visitWork + message.length / 20);
      this.#add({ path, keyword, message });
    };
    const inner: Visit["inner"] = (body, keyword, message) => {
      const collected = this.collect(body);
      if (collected.valid) return;
      valid = false;
      if (keyword !== undefined && message !== undefined) fail(keyword, message());
      for (const error of collected.errors) this.#add(error);
    };
    if (schema === false) fail("false", "False boolean schema.");
    if (!isRecord(schema)) return valid;
    const visit: Visit = { schema, path, evaluated, run: this, fail, inner };
    anyValue(value, visit);
    combinations(value, visit);
    if (Array.isArray(value)) arrayKeywords(value, visit);
    else if (isRecord(value)) objectKeywords(value, visit);
    else if (typeof value === "number") numberKeywords(value, visit);
    else if (typeof value === "string") stringKeywords(value, visit);
    return valid;
  }

  #add(error: SchemaError): void {
    if (this.#errors.length < errorsMax) this.#errors.push(error);
  }
}
