import { isDeepStrictEqual } from "./equality.ts";
import { inspect } from "../console/inspect.ts";

class AssertionError extends Error {
  readonly code = "ERR_ASSERTION";
  readonly actual: unknown;
  readonly expected: unknown;
  readonly operator: string;
  constructor(given: { message: string; actual?: unknown; expected?: unknown; operator: string }) {
    super(given.message);
    Object.defineProperty(this, "name", { value: "AssertionError", configurable: true });
    this.actual = given.actual;
    this.expected = given.expected;
    this.operator = given.operator;
  }
}

function check(
  holds: boolean,
  message: unknown,
  usual: string,
  actual: unknown,
  expected: unknown,
  operator: string,
): void {
  if (holds) return;
  if (message instanceof Error) throw message;
  throw new AssertionError({
    message: message === undefined ? usual : String(message),
    actual,
    expected,
    operator,
  });
}

function differ(a: unknown, b: unknown): string {
  return `Expected values to be strictly equal:\n\n${inspect(a)} !== ${inspect(b)}\n`;
}

function matches(error: unknown, expected: unknown): boolean {
  if (expected === undefined || typeof expected === "string") return true;
  if (expected instanceof RegExp) return expected.test(String(error));
  if (typeof expected === "function") {
    if (expected.prototype !== undefined && error instanceof expected) return true;
    return !(expected.prototype instanceof Error || expected === Error) && expected(error) === true;
  }
  if (typeof expected !== "object" || expected === null) return false;
  return Object.entries(expected).every(([key, value]) => {
    const actual = Reflect.get(error as object, key);
    return value instanceof RegExp ? value.test(String(actual)) : isDeepStrictEqual(actual, value);
  });
}

/** The `==` of the language, which assert.equal is defined by, for the operands that differ in type. */
function looselyEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || a === b) return true;
  const isNothing = (value: unknown): boolean => value === null || value === undefined;
  if (isNothing(a) || isNothing(b)) return isNothing(a) && isNothing(b);
  if (typeof a === typeof b) return false;
  if (typeof a === "object" && typeof b !== "object") return looselyEqual(String(a), b);
  if (typeof b === "object" && typeof a !== "object") return looselyEqual(a, String(b));
  return Number(a) === Number(b);
}

/** node:assert in its strict meaning. */
export function makeAssert(): object {
  const ok = (value: unknown, message?: unknown): void =>
    check(Boolean(value), message, "The expression evaluated to a falsy value", value, true, "==");
  const equal = (a: unknown, b: unknown, message?: unknown): void =>
    check(Object.is(a, b), message, differ(a, b), a, b, "strictEqual");
  const notEqual = (a: unknown, b: unknown, message?: unknown): void =>
    check(
      !Object.is(a, b),
      message,
      `Expected "actual" to be strictly unequal to: ${inspect(b)}`,
      a,
      b,
      "notStrictEqual",
    );
  const deepEqual = (a: unknown, b: unknown, message?: unknown): void =>
    check(
      isDeepStrictEqual(a, b),
      message,
      `Expected values to be strictly deep-equal:\n${inspect(a)}\n\nshould loosely deep-equal\n\n${inspect(b)}`,
      a,
      b,
      "deepStrictEqual",
    );
  const looseEqual = (a: unknown, b: unknown, message?: unknown): void =>
    check(looselyEqual(a, b), message, `${inspect(a)} == ${inspect(b)}`, a, b, "==");
  const notDeepEqual = (a: unknown, b: unknown, message?: unknown): void =>
    check(
      !isDeepStrictEqual(a, b),
      message,
      'Expected "actual" not to be deep-equal to "expected"',
      a,
      b,
      "notDeepStrictEqual",
    );
  const fail = (message: unknown = "Failed"): never => {
    if (message instanceof Error) throw message;
    throw new AssertionError({ message: String(message), operator: "fail" });
  };
  const caught = (error: unknown, expected: unknown): void => {
    if (!matches(error, expected)) throw error;
  };
  const throws = (work: () => unknown, expected?: unknown): void => {
    let thrown: { error: unknown } | null = null;
    try {
      work();
    } catch (error) {
      thrown = { error };
    }
    if (thrown) caught(thrown.error, expected);
    else fail("Missing expected exception.");
  };
  const rejects = async (work: unknown, expected?: unknown): Promise<void> => {
    let thrown: { error: unknown } | null = null;
    try {
      await (typeof work === "function" ? work() : work);
    } catch (error) {
      thrown = { error };
    }
    if (thrown) caught(thrown.error, expected);
    else fail("Missing expected rejection.");
  };
  const match = (text: string, pattern: RegExp, message?: unknown): void =>
    check(
      pattern.test(text),
      message,
      `The input did not match the regular expression ${pattern}.`,
      text,
      pattern,
      "match",
    );
  const doesNotThrow = (work: () => unknown): unknown => work();
  const methods = {
    ok,
    equal: looseEqual,
    strictEqual: equal,
    notEqual,
    notStrictEqual: notEqual,
    deepEqual,
    deepStrictEqual: deepEqual,
    notDeepEqual,
    notDeepStrictEqual: notDeepEqual,
    fail,
    throws,
    rejects,
    match,
    doesNotThrow,
    AssertionError,
  };
  const assert = Object.assign(ok.bind(null), methods);
  const strict = Object.assign(ok.bind(null), methods, { equal });
  return Object.assign(assert, { strict });
}
