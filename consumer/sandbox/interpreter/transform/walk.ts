import type { AnyNode } from "acorn";

/** Every node of the tree, without recursion: a program may be nested as deeply as the parser allows. */
export function* nodesOf(root: AnyNode): Generator<AnyNode> {
  const pending: AnyNode[] = [root];
  for (let node = pending.pop(); node; node = pending.pop()) {
    yield node;
    for (const child of Object.values(node) as unknown[]) {
      for (const entry of Array.isArray(child) ? child : [child]) {
        if (isNode(entry)) pending.push(entry);
      }
    }
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
