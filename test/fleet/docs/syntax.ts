/** The product's sources as syntax trees, for the rules that a linter does not know. */
import { stripTypeScriptTypes } from "node:module";
import { parse } from "acorn";
import { filesBelow, text } from "./page.ts";

const folders = ["producer", "consumer", "shared", "policies"];
export const sources: readonly string[] = folders.flatMap((folder) => filesBelow(folder, ".ts"));

export interface Node {
  type: string;
  [key: string]: unknown;
}
export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string";

/** Every node below, with its ancestors, the outermost first. */
export function* placesIn(node: Node, ancestors: readonly Node[] = []): Generator<[Node, Node[]]> {
  yield [node, [...ancestors]];
  for (const value of Object.values(node)) {
    for (const each of Array.isArray(value) ? value : [value])
      if (isNode(each)) yield* placesIn(each, [...ancestors, node]);
  }
}

export function* nodesIn(node: Node): Generator<Node> {
  for (const [each] of placesIn(node)) yield each;
}

export const programOf = (file: string): Node =>
  parse(stripTypeScriptTypes(text(file)), {
    ecmaVersion: "latest",
    sourceType: "module",
  }) as unknown as Node;

/** The last name of `a`, `a.b.name`, `this.#name`; of a call, that of what is called. */
export function nameOf(expression: unknown): string {
  if (!isNode(expression)) return "";
  if (expression.type === "ChainExpression") return nameOf(expression.expression);
  if (expression.type === "CallExpression") return nameOf(expression.callee);
  if (expression.type === "MemberExpression") return nameOf(expression.property);
  return typeof expression.name === "string" ? expression.name : "";
}
