/** A value in the form in which it is sent to the host as JSON. */
export function plainOf(value: unknown): unknown {
  if (typeof value === "bigint") return { bigint: String(value) };
  // JSON has neither infinities nor a negative zero.
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value instanceof Date) return value.getTime();
  if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a number");
  return value;
}

/** The primitive that Intl reads from an option that is an object. */
function primitiveOf(value: unknown): unknown {
  if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a string");
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const isOwn = value.valueOf !== Object.prototype.valueOf && !(Symbol.toPrimitive in value);
  const own: unknown = isOwn ? value.valueOf() : value;
  return typeof own === "object" ? `${value}` : own;
}

/** A copy of options, whose getters are read once. */
export function copyOf(options: unknown): Record<string, unknown> {
  if (options === null) throw new TypeError("Cannot convert undefined or null to object");
  const copy: Record<string, unknown> = {};
  const source = Object(options ?? {});
  for (const key in source) {
    const value = Reflect.get(source, key);
    if (value !== undefined) copy[key] = primitiveOf(value);
  }
  return copy;
}

/** The options, which must be an object if they are given. */
export function objectOf(options: unknown): Record<string, unknown> {
  if (
    options !== undefined &&
    (typeof options !== "object" || options === null) &&
    typeof options !== "function"
  )
    throw new TypeError(`Incorrect options: ${typeof options} is not an object`);
  return copyOf(options);
}

/** The only option that `supportedLocalesOf` reads. */
export function matcherOf(options: unknown): { localeMatcher?: unknown } {
  if (options === undefined) return {};
  if (options === null) throw new TypeError("Cannot convert undefined or null to object");
  const localeMatcher = primitiveOf(Reflect.get(Object(options), "localeMatcher"));
  return localeMatcher === undefined ? {} : { localeMatcher };
}
