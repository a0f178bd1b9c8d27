import type { AnyNode } from "acorn";
import type { RunError, RunLimits } from "../../engine.ts";
import { limitError, remedies } from "../../limit_error.ts";
import { agentFile } from "../protocol.ts";
import type { Machine } from "../quickjs/machine.ts";
import { agentFrames } from "../stack.ts";
import { ownColumn } from "./columns.ts";
import { parseProgram } from "./parser.ts";
import type { PreparedProgram } from "./transform.ts";
import { nodesOf } from "./walk.ts";

const parseFuel = 30;
const textMax = 80;

/** The engine's message for an error, and V8's; `$1` is a part of the engine's message. */
const messages: [pattern: RegExp, text: string][] = [
  [
    /^cannot read property '(.*)' of (undefined|null)$/,
    "Cannot read properties of $2 (reading '$1')",
  ],
  [
    /^cannot set property '(.*)' of (undefined|null)$/,
    "Cannot set properties of $2 (setting '$1')",
  ],
  [/^'(.*)' is not defined$/, "$1 is not defined"],
  [/^(.*) is not initialized$/, "Cannot access '$1' before initialization"],
  [/^invalid array length$/, "Invalid array length"],
  [/^cannot convert to object$/, "Cannot convert undefined or null to object"],
  [/^circular reference$/, "Converting circular structure to JSON"],
  [/^cannot convert symbol to string$/, "Cannot convert a Symbol value to a string"],
  [/^cannot convert symbol to number$/, "Cannot convert a Symbol value to a number"],
  [/^empty array$/, "Reduce of empty array with no initial value"],
  [/^object is not extensible$/, "Cannot add property, object is not extensible"],
  [/^invalid 'instanceof' right operand$/, "Right-hand side of 'instanceof' is not callable"],
  [
    /^(expecting hex digit|malformed UTF-8|expecting surrogate pair|invalid character)$/,
    "URI malformed",
  ],
  [/^Date value is NaN$/, "Invalid time value"],
  [
    /^(cannot convert bigint to number|cannot mix bigint.*|both operands must have the same type.*)$/i,
    "Cannot mix BigInt and other types, use explicit conversions",
  ],
  [/^division by zero$/i, "Division by zero"],
  [/^regexp must have the 'g' flag$/, "replaceAll must be called with a global RegExp"],
];

/** Rewrites errors of the engine with the names that the program uses, and limit errors with what was used. */
export class Explanations {
  readonly #code: string;
  readonly #prepared: PreparedProgram | null;
  #nodes: AnyNode[] | null = null;

  constructor(code: string, prepared: PreparedProgram | null) {
    this.#code = code;
    this.#prepared = prepared;
  }

  /** V8's message for an engine error, found from the place where it was thrown. */
  message(message: string, stack: string, charge: (units: number) => void): string {
    if (/^\s*at RegExp \(native\)/.test(stack)) return `Invalid regular expression: ${message}`;
    const callback = this.#callback(message, stack, charge);
    if (callback !== undefined) return `${callback} is not a function`;
    // The call names the class, and it is in the frame below.
    const isClass = message.includes("must be invoked with 'new'");
    const place = this.#placeOf(isClass ? stack.slice(stack.indexOf("\n") + 1) : stack);
    const node = place === null ? undefined : this.#nodeAt(place, message, charge);
    const name = node === undefined ? undefined : nameIn(message, node, this.#code);
    if (name !== undefined) return name;
    for (const [pattern, text] of messages)
      if (pattern.test(message)) return message.replace(pattern, text);
    return message;
  }

  /** What a native function received as its callback, if that is not a function. */
  #callback(message: string, stack: string, charge: (units: number) => void): string | undefined {
    if (message !== "not a function" || !/^\s*at \S+ \(native\)/.test(stack)) return undefined;
    const place = this.#placeOf(stack.slice(stack.indexOf("\n") + 1));
    const node = place === null ? undefined : this.#nodeAt(place, message, charge);
    const first = node?.type === "CallExpression" ? node.arguments[0] : undefined;
    return first === undefined ? "undefined" : printNode(first, this.#code);
  }

  /** The source text of the call at a position of the program; null if there is no call. */
  callAt(line: number, column: number, charge: (units: number) => void): string | null {
    const node = this.#nodeAt(this.#offset(line, column), "not a function", charge);
    return node === undefined
      ? null
      : (this.#code.slice(node.start, node.end).split("\n")[0] ?? null);
  }

  #offset(line: number, column: number): number {
    let start = 0;
    for (let lineNumber = 1; lineNumber < line; lineNumber += 1)
      start = this.#code.indexOf("\n", start) + 1;
    return start + column - 1;
  }

  /** The offset in the program where an error was thrown, or null if the frame is not the program's. */
  #placeOf(stack: string): number | null {
    const match = /^\s*at [^\n]*?([\w.]+):(\d+):(\d+)\)?$/m.exec(stack.split("\n")[0] ?? "");
    if (match?.[1] !== agentFile || this.#prepared === null) return null;
    const line = Number(match[2]);
    return this.#offset(line, ownColumn(this.#prepared.columns, line, Number(match[3])));
  }

  #nodeAt(place: number, message: string, charge: (units: number) => void): AnyNode | undefined {
    if (this.#nodes === null) {
      charge(this.#code.length * parseFuel);
      const isModule = this.#prepared?.isModule === true;
      try {
        this.#nodes = [
          ...nodesOf(parseProgram(this.#code, isModule ? "module" : "script") as AnyNode),
        ];
      } catch {
        this.#nodes = [];
      }
    }
    const kinds = kindsFor(message);
    let best: AnyNode | undefined;
    for (const node of this.#nodes) {
      if (!kinds(node) || node.start > place || node.end <= place) continue;
      if (best === undefined || node.end - node.start <= best.end - best.start) best = node;
    }
    return best;
  }

  /** A limit's error that says how much was used, where, and what usually helps. */
  limit(error: RunError, run: { fuelUsed: number; machine: Machine } & RunLimits): RunError {
    if (error.name !== "LimitError" || this.#prepared === null) return error;
    const place = error.stack || agentFrames(run.machine.stackAtStop(), this.#prepared.columns);
    const line = /program\.js:(\d+)/.exec(place)?.[1];
    const where =
      line === undefined
        ? ""
        : ` It was at line ${line}: \`${excerpt(this.#code, Number(line))}\`.`;
    const millions = (units: number): string => `${Math.round(units / 1e6)} million`;
    if (error.message === limitError("aborted").message) return error;
    const amounts: Partial<Record<RunError["kind"], string>> = {
      fuel: ` The budget is ${millions(run.fuel)} units.`,
      memory: ` The limit is ${Math.round(run.memoryBytes / 1e6)} MB; ${millions(run.fuelUsed)} of ${millions(run.fuel)} units of compute were used.`,
      deadline: ` The limit is ${run.wallMs / 1000} s.`,
    };
    const remedy = remedies[error.kind] === undefined ? "" : ` ${remedies[error.kind]}`;
    return {
      ...error,
      message: `${error.message}${amounts[error.kind] ?? ""}${where}${remedy}`,
      stack: place,
    };
  }
}

function excerpt(code: string, line: number): string {
  const text = (code.split("\n")[line - 1] ?? "").trim();
  return text.length > textMax ? `${text.slice(0, textMax)} …` : text;
}

function kindsFor(message: string): (node: AnyNode) => boolean {
  if (/not a function|not a constructor|must be invoked with 'new'/.test(message))
    return ({ type }) =>
      type === "CallExpression" || type === "NewExpression" || type === "TaggedTemplateExpression";
  if (/read-only/.test(message))
    return ({ type }) => type === "AssignmentExpression" || type === "UpdateExpression";
  if (/'in' operand/.test(message)) return ({ type }) => type === "BinaryExpression";
  if (/not iterable|convert to object/.test(message))
    return ({ type }) =>
      [
        "SpreadElement",
        "ForOfStatement",
        "VariableDeclaration",
        "VariableDeclarator",
        "AssignmentExpression",
        "NewExpression",
        "CallExpression",
      ].includes(type);
  return () => false;
}

/** The callee as V8 prints it, without computed parts before it. */
function printNode(node: AnyNode, code: string): string {
  switch (node.type) {
    case "Identifier":
      return node.name;
    case "ThisExpression":
      return "this";
    case "Super":
      return "(intermediate value)";
    case "MemberExpression": {
      const object = printNode(node.object, code);
      if (!node.computed)
        return `${object}${node.optional ? "?" : ""}.${code.slice(node.property.start, node.property.end)}`;
      const { property } = node;
      if (property.type === "Literal" && typeof property.value === "string")
        return `${object}.${property.value}`;
      return `${object}[${printNode(property, code)}]`;
    }
    case "CallExpression":
      return `${printNode(node.callee, code)}(...)`;
    case "ParenthesizedExpression":
    case "ChainExpression":
      return printNode(node.expression, code);
    case "AwaitExpression":
      return "(intermediate value)";
    case "Literal":
      return node.raw ?? String(node.value);
    default:
      return "(intermediate value)";
  }
}

function nameIn(message: string, node: AnyNode, code: string): string | undefined {
  if (/must be invoked with 'new'/.test(message) && node.type === "CallExpression")
    return `Class constructor ${printNode(node.callee, code)} cannot be invoked without 'new'`;
  if (/not a function|not a constructor/.test(message)) {
    if (node.type === "NewExpression")
      return `${printNode(node.callee, code)} is not a constructor`;
    if (node.type === "CallExpression") return `${printNode(node.callee, code)} is not a function`;
    if (node.type === "TaggedTemplateExpression")
      return `${printNode(node.tag, code)} is not a function`;
  }
  if (/read-only/.test(message)) {
    const target =
      node.type === "AssignmentExpression"
        ? node.left
        : node.type === "UpdateExpression"
          ? node.argument
          : null;
    if (target?.type === "Identifier") return "Assignment to constant variable.";
    const name = /'(.*)'/.exec(message)?.[1];
    return `Cannot assign to read only property '${name}' of object`;
  }
  if (/'in' operand/.test(message) && node.type === "BinaryExpression")
    return `Cannot use 'in' operator to search for ${code.slice(node.left.start, node.left.end)} in ${code.slice(node.right.start, node.right.end)}`;
  if (/not iterable/.test(message)) {
    const source = iteratedNode(node);
    return source === undefined ? undefined : `${printNode(source, code)} is not iterable`;
  }
  return /convert to object/.test(message) ? destructuredName(node, code) : undefined;
}

/** The message of V8 when a program destructures null or undefined. */
function destructuredName(node: AnyNode, code: string): string | undefined {
  const declaration = node.type === "VariableDeclaration" ? node.declarations[0] : node;
  if (
    declaration?.type !== "VariableDeclarator" ||
    declaration.id.type !== "ObjectPattern" ||
    !declaration.init
  )
    return undefined;
  const text = printNode(declaration.init, code);
  const value = text === "null" ? "null" : "undefined";
  const first = declaration.id.properties[0];
  const key =
    first?.type === "Property"
      ? `property '${code.slice(first.key.start, first.key.end)}' of `
      : "";
  return `Cannot destructure ${key}'${text}' as it is ${value}.`;
}

function iteratedNode(node: AnyNode): AnyNode | undefined {
  switch (node.type) {
    case "SpreadElement":
      return node.argument;
    case "ForOfStatement":
      return node.right;
    case "VariableDeclarator":
      return node.init ?? undefined;
    case "AssignmentExpression":
      return node.right;
    default:
      return undefined;
  }
}
