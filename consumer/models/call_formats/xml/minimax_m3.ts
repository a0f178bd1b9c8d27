import type { ToolOffer } from "../../../../shared/models/model.ts";
import { isRecord, type Json } from "../../../../shared/text/json.ts";
import { typesOf } from "../../repair/schema_types.ts";
import { toolNamed } from "../../repair/tool_name.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks, typedAs } from "../scan.ts";

/** A token of its own in front of every tag. */
export const namespaceToken = "]<]minimax[>[";
const depthMax = 32;

/** An open element: its text where it has no children, else its children in order. */
interface Element {
  tag: string;
  text: string;
  children: Element[];
}

/**
 * The elements of a call's inner text. Strict: each tag has its token and is closed, and text is only in elements
 * without children; null for anything else, because a lost token would move text into another value.
 */
function elementsIn(inner: string): Element[] | null {
  const root: Element = { tag: "", text: "", children: [] };
  const open: Element[] = [root];
  const [before = "", ...chunks] = inner.split(namespaceToken);
  if (before.trim() !== "") return null;
  for (const chunk of chunks) {
    const tag = /^<(\/?)([^<>/]{1,128})>/.exec(chunk);
    const current = open.at(-1);
    if (tag?.[2] === undefined || current === undefined) return null;
    const text = chunk.slice(tag[0].length);
    const name = tag[2].trim();
    if (tag[1] === "/") {
      if (current.tag !== name || open.length === 1 || text.trim() !== "") return null;
      if (current.children.length > 0 && current.text.trim() !== "") return null;
      open.pop();
    } else {
      if (open.length > depthMax) return null;
      const element: Element = { tag: name, text, children: [] };
      current.children.push(element);
      open.push(element);
    }
  }
  return open.length === 1 ? root.children : null;
}

/** The value of an element by its schema: a list of its `item` children, an object of the others, or its text. */
function elementValue({ text, children }: Element, schema: unknown, root: Json): unknown {
  const own = isRecord(schema) ? schema : {};
  if (children.length === 0) {
    if (text.trim() !== "" || typesOf(schema, root).has("string"))
      return typedAs(text, schema, root);
    return typesOf(schema, root).has("array")
      ? []
      : typesOf(schema, root).has("object")
        ? {}
        : text;
  }
  const isList =
    children.every(({ tag }) => tag === "item") && !typesOf(schema, root).has("object");
  return isList
    ? children.map((child) => elementValue(child, own.items, root))
    : objectOf(children, own, root);
}

function objectOf(children: readonly Element[], schema: Json, root: Json): Json {
  const properties = isRecord(schema.properties) ? schema.properties : {};
  return Object.fromEntries(
    children.map((child): [string, unknown] => [
      child.tag,
      elementValue(
        child,
        Object.hasOwn(properties, child.tag) ? properties[child.tag] : schema.additionalProperties,
        root,
      ),
    ]),
  );
}

function find(text: string, tools: readonly ToolOffer[]): LeakedCall[] {
  const [open, close] = [`${namespaceToken}<invoke name="`, `${namespaceToken}</invoke>`];
  return blocks(text, open, close).flatMap(({ start, end, inner }) => {
    const name = /^([^"]{1,128})">/.exec(inner);
    if (name?.[1] === undefined) return [];
    const elements = elementsIn(inner.slice(name[0].length));
    if (elements === null || new Set(elements.map(({ tag }) => tag)).size < elements.length)
      return [];
    const schema = toolNamed(name[1], tools)?.original ?? {};
    return [{ name: name[1], arguments: objectOf(elements, schema, schema), start, end }];
  });
}

/** `]<]minimax[>[<invoke name="f">]<]minimax[>[<k>v]<]minimax[>[</k>]<]minimax[>[</invoke>`, values nested in tags: MiniMax M3. */
export const minimaxM3: CallFormat = { name: "minimax_m3", wholeText: false, find };
