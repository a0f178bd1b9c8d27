import { parseJson } from "../../../../shared/json.ts";
import type { ToolOffer } from "../../model.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks, typedValue } from "../scan.ts";

/** DeepSeek V3.2 and later put a token of their own into every tag. */
const prefixes = ["", "｜DSML｜", "|DSML|"];

function parameters(inner: string, prefix: string, tool: string, tools: readonly ToolOffer[]) {
  const found = blocks(inner, `<${prefix}parameter `, `</${prefix}parameter>`);
  const between = found.reduceRight(
    (rest, at) => rest.slice(0, at.start) + rest.slice(at.end),
    inner,
  );
  if (between.trim() !== "") return null;
  const pairs = found.map((block): [string, unknown] | null => {
    const head = /^name="([^"]+)"(?: string="(true|false)")?\s*>/.exec(block.inner);
    if (head?.[1] === undefined) return null;
    const raw = block.inner.slice(head[0].length);
    if (head[2] === "true") return [head[1], raw];
    const value = head[2] === "false" ? parseJson(raw) : undefined;
    return [head[1], value ?? typedValue(raw, tool, head[1], tools)];
  });
  const known = pairs.filter((pair) => pair !== null);
  return known.length === pairs.length ? Object.fromEntries(known) : null;
}

function find(text: string, tools: readonly ToolOffer[]): LeakedCall[] {
  return prefixes.flatMap((prefix) =>
    blocks(text, `<${prefix}invoke `, `</${prefix}invoke>`).flatMap(({ start, end, inner }) => {
      const head = /^name="([^"]+)"\s*>/.exec(inner);
      if (head?.[1] === undefined) return [];
      const args = parameters(inner.slice(head[0].length), prefix, head[1], tools);
      return args === null ? [] : [{ name: head[1], arguments: args, start, end }];
    }),
  );
}

/** `<invoke name="f"><parameter name="k">v</parameter></invoke>`: MiniMax and DeepSeek V3.2. */
export const invoke: CallFormat = { name: "invoke", wholeText: false, find };
