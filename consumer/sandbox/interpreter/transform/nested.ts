import type { AnyNode, MemberExpression, Program } from "acorn";
import type { Edits, Target } from "./edit.ts";
import { nodesOf } from "./walk.ts";

/** Sends dynamic imports, import.meta, reads of `.stack` and caught errors through the engine. */
export function rewriteNested(program: Program, edits: Edits, target: Target): void {
  if (!/\bimport\b|\.stack\b|\bcatch\b/.test(edits.text)) return;
  const written = new Set<AnyNode>();
  for (const node of nodesOf(program as AnyNode)) {
    for (const target of targetsOf(node)) written.add(target);
    switch (node.type) {
      case "ImportExpression":
        edits.replace(node.start, node.start + "import".length, "__import");
        break;
      case "MetaProperty":
        if (node.meta.name === "import") edits.replace(node.start, node.end, "__import.meta");
        break;
      case "MemberExpression":
        if (target === "quickjs" && !written.has(node)) readStack(node, edits);
        break;
      case "CatchClause":
        // The engine's own errors get the names that the source has there.
        if (target === "quickjs" && node.param?.type === "Identifier")
          edits.insert(node.body.start + 1, `__import.explain(${node.param.name});`);
        break;
      default:
        break;
    }
  }
}

/** What a node writes or calls: a `.stack` there is not a read of it. */
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
