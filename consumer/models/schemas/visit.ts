/** What the keywords share: places, errors, and the run that checks inner schemas. */
import type { Json } from "../../../shared/text/json.ts";
import type { Meter } from "./meter.ts";
import type { Pattern } from "./pattern.ts";

export interface SchemaError {
  path: Path | null;
  keyword: string;
  message: string;
}

/** The place of a value; a list, so that valid places cost no text. */
export interface Path {
  parent: Path | null;
  key: string | number;
}

/** The properties or items that a schema has accepted, for `unevaluated…`. */
export class EvaluatedKeys {
  readonly own = new Set<string | number>();
  readonly parent: EvaluatedKeys | null;

  constructor(parent: EvaluatedKeys | null = null) {
    this.parent = parent;
  }

  has(key: string | number): boolean {
    return this.own.has(key) || (this.parent?.has(key) ?? false);
  }

  add(other: EvaluatedKeys): void {
    for (const key of other.own) this.own.add(key);
  }
}

/** One value that is being checked against one schema. */
export interface Visit {
  schema: Json;
  path: Path | null;
  evaluated: EvaluatedKeys;
  run: Run;
  /** Marks the value as invalid. */
  fail(keyword: string, message: string): void;
  /**
   * Runs `body`, which checks inner schemas. If it returns false, the value is invalid: adds the error of `keyword`, if
   * it is passed, and then the errors of the inner schemas.
   */
  inner(body: () => boolean, keyword?: string, message?: () => string): void;
}

export interface Run {
  meter: Meter;
  /** Adds an error for each reason why the value is not valid. Throws OutOfWork. */
  check(value: unknown, schema: unknown, path: Path | null, evaluated?: EvaluatedKeys): boolean;
  /** The errors of `body`, instead of adding them. */
  collect(body: () => boolean): { valid: boolean; errors: SchemaError[] };
  pattern(source: string): Pattern;
  /** The schema that a reference points to. */
  target(ref: string): unknown;
}
