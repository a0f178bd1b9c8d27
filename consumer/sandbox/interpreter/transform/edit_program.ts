import type { AnyNode, Program } from "acorn";
import { type Edit, Edits, type Target } from "./edits.ts";
import { editModuleSyntax } from "./module_syntax.ts";
import { rewriteNested } from "./nested.ts";
import { lowerUsing } from "./using.ts";

/** The edits that turn a program into the body of an async function, and its hoisted imports. */
export function editProgram(
  text: string,
  program: Program,
  target: Target,
): { edits: Edit[]; imports: string } {
  const edits = new Edits(text);
  const start = text.startsWith("#!") ? text.search(/\n|$/) : 0;
  if (start > 0) edits.replace(0, start, "");
  const imports = editModuleSyntax(program, edits);
  rewriteNested(program, edits, target);
  markLast(program.body, start, edits);
  markUnawaited(program.body, start, edits);
  if (target === "quickjs") lowerUsing(program, edits);
  return { edits: edits.inOrder(), imports };
}

/** The edits of a CommonJS module, whose last expression has no meaning. */
export function editCommonJs(text: string, program: Program): Edit[] {
  const edits = new Edits(text);
  if (text.startsWith("#!")) edits.replace(0, text.search(/\n|$/), "");
  rewriteNested(program, edits, "quickjs");
  lowerUsing(program, edits);
  return edits.inOrder();
}

/** Makes a body's last expression its value, also at the end of a block, an if or a try. */
function markLast(body: readonly AnyNode[], start: number, edits: Edits): void {
  markValue(body.at(-1), body.at(-2)?.end ?? start, edits);
}

/** `after` is the end of the previous statement: the return is inserted there, so that columns stay. */
function markValue(node: AnyNode | undefined, after: number, edits: Edits): void {
  switch (node?.type) {
    case "ExpressionStatement":
      edits.insert(after, ";return (", 1);
      edits.insert(node.expression.end, ")");
      return;
    case "BlockStatement":
      markLast(node.body, node.start + 1, edits);
      return;
    case "IfStatement":
      for (const branch of [node.consequent, node.alternate]) {
        if (branch?.type === "BlockStatement" || branch?.type === "IfStatement") {
          markValue(branch, branch.start, edits);
        }
      }
      return;
    case "TryStatement":
      markValue(node.block, node.block.start, edits);
      if (node.handler) markValue(node.handler.body, node.handler.body.start, edits);
      return;
    default:
      return;
  }
}

/**
 * Has the engine watch the promise of a top-level call that nothing awaits: `main();` in the
 * middle of a program is to fail the run as it fails Node's process.
 */
function markUnawaited(body: readonly AnyNode[], start: number, edits: Edits): void {
  body.slice(0, -1).forEach((node, index) => {
    if (node.type !== "ExpressionStatement" || node.expression.type !== "CallExpression") return;
    const { callee, end } = node.expression;
    const isConsole =
      callee.type === "MemberExpression" &&
      callee.object.type === "Identifier" &&
      callee.object.name === "console";
    if (isConsole) return;
    edits.insert(body[index - 1]?.end ?? start, ";__import.watch(", 1);
    edits.insert(end, ")");
  });
}
