import {
  errorText,
  format,
  inspect,
  prefix,
  type Shape,
  type State,
  useShapes,
} from "./inspect.ts";
import { keyText } from "./scalars.ts";

/** How each kind of object is written: its braces, its entries, or its complete text. */
export function installShapes(): void {
  useShapes(shapeOf);
}

const typedArray = Object.getPrototypeOf(Uint8Array);

function shapeOf(
  state: State,
  value: object,
  name: string | null,
  tag: string,
  keys: PropertyKey[],
): Shape {
  if (Array.isArray(value)) {
    const isPlain = name === "Array" && tag === "";
    const size = prefix(name, tag, "Array", value.length);
    const isEmpty = value.length === 0 && keys.length === 0;
    return {
      ...(isEmpty ? { whole: isPlain ? "[]" : `${size}[]` } : {}),
      base: "",
      open: isPlain ? "[" : `${size}[`,
      close: "]",
      label: name === "Array" ? "Array" : size.trimEnd(),
      isList: true,
      source: value,
      entries: () => listEntries(state, value),
    };
  }
  if (value instanceof Set) {
    const size = prefix(name, tag, "Set", value.size);
    if (value.size + keys.length === 0) return based(`${size}{}`, keys);
    return braces(size, () =>
      limited(
        state,
        [...value].map((entry) => indented(state, entry)),
        value.size,
      ),
    );
  }
  if (value instanceof Map) {
    const size = prefix(name, tag, "Map", value.size);
    if (value.size + keys.length === 0) return based(`${size}{}`, keys);
    const entries = (): string[] =>
      limited(
        state,
        [...value].map(([key, entry]) => `${indented(state, key)} => ${indented(state, entry)}`),
        value.size,
      );
    return braces(size, entries);
  }
  if (value instanceof typedArray) {
    const list = value as Uint8Array;
    const label = prefix(name, tag === name ? "" : tag, "TypedArray", list.length);
    return {
      ...braces(label, () => listEntries(state, [...list])),
      open: `${label}[`,
      close: "]",
      isList: true,
      source: Array.from(list.subarray(0, state.itemsMax)),
    };
  }
  if (typeof value === "function") return based(functionText(value as () => void, name, tag), keys);
  if (value instanceof RegExp) return based(String(value), keys);
  if (value instanceof Date) {
    const time = value.getTime();
    return based(Number.isNaN(time) ? "Invalid Date" : value.toISOString(), keys);
  }
  if (value instanceof Error) return errorShape(state, value, keys);
  return otherShape(value, name, tag, keys);
}

function otherShape(value: object, name: string | null, tag: string, keys: PropertyKey[]): Shape {
  if (value instanceof ArrayBuffer) {
    return braces(prefix(name, tag, "ArrayBuffer"), () => {
      const shown = [...new Uint8Array(value, 0, Math.min(50, value.byteLength))];
      const more = value.byteLength - shown.length;
      const hex = shown.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      const rest = more > 0 ? ` ... ${more} more byte${more > 1 ? "s" : ""}` : "";
      return [`[Uint8Contents]: <${hex}${rest}>`, `[byteLength]: ${value.byteLength}`];
    });
  }
  if (value instanceof Promise) return braces(prefix(name, tag, "Promise"), () => ["<pending>"]);
  if (value instanceof WeakMap || value instanceof WeakSet) {
    return braces(prefix(name, tag, "WeakSet"), () => ["<items unknown>"]);
  }
  for (const [boxed, label] of [
    [Number, "Number"],
    [String, "String"],
    [Boolean, "Boolean"],
    [Symbol, "Symbol"],
    [BigInt, "BigInt"],
  ] as const) {
    if (value instanceof boxed) return based(`[${label}: ${inspect(value.valueOf())}]`, keys);
  }
  if (Object.prototype.toString.call(value) === "[object Arguments]") {
    return braces("[Arguments] ", () => []);
  }
  if (tag === "Generator" || tag === "AsyncGenerator" || / Iterator$/.test(tag)) {
    return braces(`Object [${tag}] `, () => []);
  }
  const plain = name === "Object" && tag === "";
  const label = prefix(name, tag, "Object");
  if (keys.length === 0) return based(plain ? "{}" : `${label}{}`, keys);
  return { ...braces(plain ? "" : label, () => []), label: label.trimEnd() };
}

function braces(label: string, entries: () => string[]): Shape {
  return {
    base: "",
    open: `${label}{`,
    close: "}",
    label: label.trimEnd(),
    isList: false,
    entries,
  };
}

/** Something with a text of its own that shows braces only for further properties. */
function based(text: string, keys: PropertyKey[]): Shape {
  const shape: Shape = { base: text, open: "{", close: "}", label: text, isList: false };
  return keys.length === 0 ? { ...shape, whole: text } : shape;
}

function indented(state: State, value: unknown): string {
  state.indentation += 2;
  const text = format(state, value);
  state.indentation -= 2;
  return text;
}

function limited(state: State, entries: string[], size: number): string[] {
  if (size <= state.itemsMax) return entries;
  return [...entries.slice(0, state.itemsMax), more(size - state.itemsMax)];
}

function more(count: number): string {
  return `... ${count} more item${count > 1 ? "s" : ""}`;
}

function listEntries(state: State, list: readonly unknown[]): string[] {
  const entries: string[] = [];
  let at = 0;
  while (at < list.length && entries.length < state.itemsMax) {
    if (at in list) {
      const found = Object.getOwnPropertyDescriptor(list, at);
      entries.push(found?.get ? "[Getter]" : indented(state, found?.value));
      at += 1;
      continue;
    }
    const start = at;
    while (at < list.length && !(at in list)) at += 1;
    entries.push(`<${at - start} empty item${at - start > 1 ? "s" : ""}>`);
  }
  if (at < list.length) entries.push(more(list.length - at));
  return entries;
}

function functionText(value: () => void, name: string | null, tag: string): string {
  const source = Function.prototype.toString.call(value);
  const own = typeof value.name === "string" && value.name !== "" ? value.name : "";
  if (/^class\b/.test(source)) {
    const parent = Object.getPrototypeOf(value);
    const base = typeof parent?.name === "string" && parent.name ? ` extends ${parent.name}` : "";
    const isNull = parent === null ? " extends [null prototype]" : "";
    return `[class ${own || "(anonymous)"}${base || isNull}]`;
  }
  const kind = name ?? "Function";
  const label = [
    "Function",
    "AsyncFunction",
    "GeneratorFunction",
    "AsyncGeneratorFunction",
  ].includes(kind)
    ? kind
    : "Function";
  const text = own ? `[${label}: ${own}]` : `[${label} (anonymous)]`;
  const isOther = name !== null && label !== name;
  return `${text}${isOther ? ` ${name}` : ""}${tag && tag !== label ? ` [${tag}]` : ""}`;
}

function errorShape(state: State, error: Error, keys: PropertyKey[]): Shape {
  const text = errorText(error);
  const hidden = new Set<PropertyKey>(["stack", "message"]);
  if (text.includes(String(error.name))) hidden.add("name");
  const shown = keys.filter((key) => !hidden.has(key));
  keys.length = 0;
  keys.push(...shown);
  const extras: [string, unknown][] = [];
  for (const key of ["cause", "errors"]) {
    const found = Object.getOwnPropertyDescriptor(error, key);
    if (found && !found.enumerable && "value" in found) extras.push([key, found.value]);
  }
  const indent = " ".repeat(state.indentation);
  const base = text.replaceAll("\n", `\n${indent}`);
  const shape: Shape = { base, open: "{", close: "}", label: text, isList: false };
  if (shown.length === 0 && extras.length === 0) return { ...shape, whole: base };
  return {
    ...shape,
    entries: () => extras.map(([key, value]) => `[${keyText(key)}]: ${indented(state, value)}`),
  };
}
