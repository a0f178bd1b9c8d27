import type { AnyNode, ArrayExpression, CallExpression, MemberExpression, Program } from "acorn";
import type { Edits, Target } from "./edits.ts";
import { nodesOf } from "./walk.ts";

/** Rewrites dynamic imports, import.meta, reads of `.stack` and caught errors to calls of the prelude. */
export function rewriteNested(program: Program, edits: Edits, target: Target): void {
  if (!/\bimport\b|\.stack\b|\bcatch\b|\.\.\./.test(edits.text)) return;
  const writtenNodes = new Set<AnyNode>();
  for (const node of nodesOf(program as AnyNode)) {
    for (const target of targetsOf(node)) writtenNodes.add(target);
    switch (node.type) {
      case "ImportExpression":
        edits.replace(node.start, node.start + "import".length, "__import");
        break;
      case "MetaProperty":
        if (node.meta.name === "import") edits.replace(node.start, node.end, "__import.meta");
        break;
      case "MemberExpression":
        if (target === "quickjs" && !writtenNodes.has(node)) readStack(node, edits);
        break;
      case "ArrayExpression":
        if (target === "quickjs") spreadText(node, edits);
        break;
      case "CallExpression":
        if (target === "quickjs") spreadArguments(node, edits);
        break;
      case "CatchClause":
        // The engine's own errors get the names from the source.
        if (target === "quickjs" && node.param?.type === "Identifier")
          edits.insert(node.body.start + 1, `__import.explain(${node.param.name});`, 0);
        break;
      default:
        break;
    }
  }
}

/** The expressions that a node assigns to or calls. A `.stack` in that position is not a read. */
function targetsOf(node: AnyNode): AnyNode[] {
  switch (node.type) {
    case "AssignmentExpression":
      return [node.left];
    case "CallExpression":
      return [node.callee];
    case "UnaryExpression":
    case "UpdateExpression":
      return [node.argument];
    case "ForInStatement":
    case "ForOfStatement":
      return [node.left];
    default:
      return [];
  }
}

function readStack(node: MemberExpression, edits: Edits): void {
  if (node.computed || node.object.type === "Super") return;
  if (node.property.type !== "Identifier" || node.property.name !== "stack") return;
  edits.insert(node.start, "__import.stack(");
  edits.replace(node.object.end, node.end, ")");
}

/** `[...x]` of one value, which may be a long text: QuickJS would reallocate the list for each element. */
function spreadText(node: ArrayExpression, edits: Edits): void {
  const element = node.elements.length === 1 ? node.elements[0] : null;
  if (element?.type !== "SpreadElement") return;
  edits.replace(node.start, element.argument.start, "__import.listOf(");
  edits.replace(element.argument.end, node.end, ")");
}

/** `Math.max(...list)` and `list.push(...more)`: the engine takes 65,534 arguments at most. */
function spreadArguments(node: CallExpression, edits: Edits): void {
  const argument = node.arguments.length === 1 ? node.arguments[0] : null;
  const { callee } = node;
  if (
    argument?.type !== "SpreadElement" ||
    callee.type !== "MemberExpression" ||
    callee.computed ||
    node.optional ||
    callee.optional
  )
    return;
  if (callee.object.type === "Super" || callee.property.type !== "Identifier") return;
  const { name } = callee.property;
  const isMath =
    callee.object.type === "Identifier" &&
    callee.object.name === "Math" &&
    /^(max|min)$/.test(name);
  if (isMath) edits.replace(node.start, argument.argument.start, `__import.${name}(`);
  else if (name === "push") {
    edits.insert(node.start, "__import.push(");
    edits.replace(callee.object.end, argument.argument.start, ",");
  }
}
