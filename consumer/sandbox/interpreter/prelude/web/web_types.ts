/** Checks and conversions of Web IDL, which says how the web's classes read their arguments. */

const invalidType = (message: string): TypeError =>
  Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });

/** An argument that is a bag of options; null and undefined are an empty one. */
export function optionsOf<Options extends object>(value: unknown, owner: string): Options {
  if (value === undefined || value === null) return {} as Options;
  if (typeof value !== "object" && typeof value !== "function")
    throw invalidType(`${owner}: the options must be an object.`);
  return value as Options;
}

/** Refuses a call with fewer arguments than a method needs. */
export function requireArguments(given: number, needed: number, owner: string): void {
  if (given < needed)
    throw new TypeError(`${owner}: ${needed} arguments required, but only ${given} present.`);
}

/** Text whose every character is a byte. */
export function byteString(value: unknown, owner: string): string {
  const text = String(value);
  const index = text.search(/[^\0-\xff]/);
  if (index < 0) return text;
  const code = text.charCodeAt(index);
  throw new TypeError(
    `${owner}: cannot convert to a ByteString, because the character at index ${index} has a value of ${code}, which is greater than 255.`,
  );
}

const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([].values()));

/** An iterator over what a source yields, of the class that the web gives it. */
export function namedIterator<Item, Shown>(
  name: string,
  source: Iterator<Item>,
  show: (item: Item) => Shown,
): IterableIterator<Shown> {
  const next = (): IteratorResult<Shown> => {
    const { done, value } = source.next();
    return done === true ? { done, value } : { done: false, value: show(value) };
  };
  const prototype = Object.create(iteratorPrototype, {
    next: { value: next, writable: true, enumerable: true, configurable: true },
    [Symbol.toStringTag]: { value: `${name} Iterator`, configurable: true },
  });
  return Object.create(prototype);
}
