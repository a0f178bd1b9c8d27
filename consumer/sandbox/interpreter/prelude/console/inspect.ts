import { agentFrames } from "../../stack.ts";
import { arrange, type Layout, reduce } from "./layout.ts";
import { formatText, keyText, numberText, quote } from "./scalars.ts";

/** Options of `util.inspect` that programs use. */
export interface InspectOptions {
  depth?: number | null;
  compact?: number | boolean;
  breakLength?: number;
  maxArrayLength?: number | null;
  maxStringLength?: number | null;
  showHidden?: boolean;
  sorted?: boolean;
}

export const custom: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** What one call of `inspect` carries through its recursion. */
export interface State extends Layout {
  depth: number;
  itemsMax: number;
  stringMax: number;
  sorted: boolean;
  hidden: boolean;
  /** Objects being formatted, from the outermost in. */
  above: object[];
  circular: Map<object, number>;
  level: number;
}

let firstLineShift = 0;

/** Where the agent's first line starts, for the columns of its stack frames. */
export function setFirstLineShift(shift: number): void {
  firstLineShift = shift;
}

/** A value as Node's console shows it. Runs as the program's own code: getters stay unread. */
export function inspect(value: unknown, options: InspectOptions = {}): string {
  const unlimited = (given: number | null | undefined, usual: number): number =>
    given === null ? Number.POSITIVE_INFINITY : (given ?? usual);
  const compact = options.compact === undefined || options.compact === true ? 3 : options.compact;
  return format(
    {
      depth: unlimited(options.depth, 2),
      itemsMax: unlimited(options.maxArrayLength, 100),
      stringMax: unlimited(options.maxStringLength, 10_000),
      breakLength: options.breakLength ?? 80,
      compact: Number(compact),
      sorted: options.sorted === true,
      hidden: options.showHidden === true,
      indentation: 0,
      deepest: 0,
      above: [],
      circular: new Map(),
      level: 0,
    },
    value,
    true,
  );
}

/** The error as Node prints it: its first lines, then the agent's own frames. */
export function errorText(error: Error): string {
  const [head, frames] = errorParts(error);
  return frames ? `${head}\n${frames}` : `[${head}]`;
}

/** What a program reads as `value.stack`: of an error, its head and the agent's own frames. */
export function stackOf(value: unknown): unknown {
  const stack: unknown = Reflect.get(Object(value), "stack");
  if (!(value instanceof Error) || typeof stack !== "string") return stack;
  // What the program has set itself has no frame of ours and stays as it is.
  if (!/^ *at /m.test(stack)) return stack;
  const [head, frames] = errorParts(value);
  return frames ? `${head}\n${frames}` : head;
}

function errorParts(error: Error): [head: string, frames: string] {
  try {
    const stack = typeof error.stack === "string" ? error.stack : "";
    const own = constructorName(error);
    const name = String(error.name || own || "Error");
    const shown = own && name === "Error" && own !== "Error" ? own : name;
    const message = String(error.message ?? "");
    const frames = agentFrames(stack, firstLineShift);
    return [message ? `${shown}: ${message}` : shown, frames];
  } catch {
    return ["Error", ""];
  }
}

export function constructorName(value: object): string | null {
  for (let at: object | null = value; at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, "constructor");
    if (
      typeof found?.value === "function" &&
      found.value.name !== "" &&
      isInstance(value, found.value)
    ) {
      return String(found.value.name);
    }
  }
  return null;
}

function isInstance(value: object, maker: { prototype?: object }): boolean {
  for (let at = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) {
    if (at === maker.prototype) return true;
  }
  return false;
}

export function format(state: State, value: unknown, isTop = false): string {
  switch (typeof value) {
    case "string":
      return formatText(state, value, state.stringMax, isTop);
    case "number":
      return numberText(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return value.toString();
    case "object":
    case "function":
      return value === null ? "null" : formatObject(state, value);
    default:
      return String(value);
  }
}

function formatObject(state: State, value: object): string {
  const maker = Reflect.get(value, custom);
  if (typeof maker === "function" && maker !== inspect) {
    const shown: unknown = maker.call(value, state.depth - state.level, {}, inspect);
    if (shown !== value) {
      const text = typeof shown === "string" ? shown : format(state, shown);
      return text.replaceAll("\n", `\n${" ".repeat(state.indentation)}`);
    }
  }
  if (state.above.includes(value)) {
    const index = state.circular.get(value) ?? state.circular.size + 1;
    state.circular.set(value, index);
    return `[Circular *${index}]`;
  }
  return formatRaw(state, value);
}

function formatRaw(state: State, value: object): string {
  const name = constructorName(value);
  let tag = "";
  try {
    const given = Reflect.get(value, Symbol.toStringTag);
    if (typeof given === "string" && given !== "" && given !== name) tag = given;
  } catch {
    // A throwing tag is no tag.
  }
  const keys = keysOf(state, value);
  const shape = shapeOf(state, value, name, tag, keys);
  if (shape.whole !== undefined) return shape.whole;
  if (state.level > state.depth) {
    const label = shape.label || prefix(name, tag, "Object").trimEnd();
    return `[${label.replace(/\(\d+\)$/, "")}]`;
  }
  state.above.push(value);
  state.deepest = state.level;
  const level = state.level;
  state.level += 1;
  const entries = shape.entries?.() ?? [];
  for (const key of keys) entries.push(property(state, value, key));
  state.level = level;
  state.above.pop();
  if (state.sorted && !shape.isList) entries.sort();
  const index = state.circular.get(value);
  const head = index === undefined ? "" : `<ref *${index}> `;
  const base = shape.base === "" ? head.trimEnd() : head + shape.base;
  const open = shape.base === "" ? head + shape.open : shape.open;
  return reduce(state, arrange(state, entries, shape.isList, shape.source), entries.length, {
    base: shape.base === "" ? "" : base,
    open,
    close: shape.close,
    level,
  });
}

export interface Shape {
  /** The complete text, where no entries follow. */
  whole?: string;
  base: string;
  open: string;
  close: string;
  /** What stands in brackets when the depth is used up. */
  label: string;
  isList: boolean;
  source?: readonly unknown[];
  entries?: () => string[];
}

let shapes: (
  state: State,
  value: object,
  name: string | null,
  tag: string,
  keys: PropertyKey[],
) => Shape = () => ({ base: "", open: "{", close: "}", label: "", isList: false });

/** Set by shapes.ts, which needs `format` from here. */
export function useShapes(given: typeof shapes): void {
  shapes = given;
}

function shapeOf(
  state: State,
  value: object,
  name: string | null,
  tag: string,
  keys: PropertyKey[],
): Shape {
  return shapes(state, value, name, tag, keys);
}

/** "Name " or "Name [tag] ", with Node's words for objects without a prototype. */
export function prefix(name: string | null, tag: string, fallback: string, size?: number): string {
  const count = size === undefined ? "" : `(${size})`;
  const first = name === null ? `[${fallback}${count}: null prototype]` : `${name}${count}`;
  return tag === "" ? `${first} ` : `${first} [${tag}] `;
}

function keysOf(state: State, value: object): PropertyKey[] {
  const isIndexed = Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof String;
  return Reflect.ownKeys(value).filter((key) => {
    if (isIndexed && typeof key === "string" && /^(0|[1-9]\d*)$/.test(key)) return false;
    const found = Reflect.getOwnPropertyDescriptor(value, key);
    return found !== undefined && (found.enumerable || (state.hidden && typeof key === "string"));
  });
}

function property(state: State, value: object, key: PropertyKey): string {
  const found = Reflect.getOwnPropertyDescriptor(value, key);
  let text: string;
  state.indentation += 2;
  if (found?.get) text = found.set ? "[Getter/Setter]" : "[Getter]";
  else if (found?.set) text = "[Setter]";
  else text = format(state, found?.value);
  state.indentation -= 2;
  const name = typeof key === "symbol" ? key.toString() : keyText(String(key));
  return `${found?.enumerable === false ? `[${String(key)}]` : name}: ${text}`;
}

export { quote };
