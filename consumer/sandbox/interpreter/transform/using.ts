import type { AnyNode, Program, VariableDeclaration } from "acorn";
import type { Edits } from "./edits.ts";
import { nodesOf } from "./walk.ts";

/** Rewrites `using` declarations as try and finally, which the engine supports. */
export function lowerUsing(program: Program, edits: Edits): void {
  if (!/\busing\b/.test(edits.text)) return;
  let count = 0;
  for (const node of nodesOf(program as AnyNode)) {
    const body = bodyOf(node);
    if (body === null) continue;
    const declarations = body.filter(isUsing);
    const first = declarations[0];
    const last = body.at(-1);
    if (first === undefined || last === undefined) continue;
    count += 1;
    const scope = `__using${count}`;
    const isAsync = declarations.some(({ kind }) => kind === "await using");
    edits.insert(first.start, `const ${scope}=__import.using();try{`);
    for (const declaration of declarations) {
      edits.replace(declaration.start, declaration.start + declaration.kind.length, "const");
      for (const { init } of declaration.declarations) {
        if (!init) continue;
        edits.insert(init.start, `${scope}.add(${declaration.kind === "await using"},`);
        edits.insert(init.end, ")");
      }
    }
    edits.insert(
      last.end,
      `;}catch(e){${scope}.fail(e)}finally{${isAsync ? "await " : ""}${scope}.end(${isAsync})}`,
    );
  }
}

function isUsing(node: AnyNode): node is VariableDeclaration {
  return node.type === "VariableDeclaration" && /using$/.test(node.kind);
}

function bodyOf(node: AnyNode): AnyNode[] | null {
  switch (node.type) {
    case "Program":
    case "BlockStatement":
    case "StaticBlock":
      return node.body as AnyNode[];
    case "SwitchCase":
      return node.consequent;
    default:
      return null;
  }
}
