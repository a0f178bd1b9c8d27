import type { ToolOffer } from "../../../../shared/models/model.ts";
import { parseJson, parseRecord } from "../../../../shared/text/json.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks, typedValue } from "../scan.ts";
import { rawParameters } from "../scan_parameters.ts";

/** What families put into every tag: DeepSeek V3.2 and V4, V4.1 (with a space), Step 3, GigaChat 3.5, Muse. */
const prefixes = ["", "｜DSML｜", "|DSML|", "｜DSML｜ ", "steptml:", "｜GCML｜", "atem:"];
/** Step 3's tokens in front of an invocation. */
const stepHead = "<｜tool_call_begin｜>function<｜tool_sep｜>";

function parameters(inner: string, prefix: string, tool: string, tools: readonly ToolOffer[]) {
  // DeepSeek V4 may write one JSON object instead of parameters.
  if (inner.trimStart().startsWith("{")) return parseRecord(inner) ?? null;
  const marks = {
    open: `<${prefix}parameter name="`,
    nameEnd: '"',
    close: `</${prefix}parameter>`,
  };
  const raws = rawParameters(inner, marks);
  if (raws === null) return null;
  const pairs = raws.map(({ key, attributes, raw }): [string, unknown] => {
    if (/string="true"/.test(attributes)) return [key, raw];
    const value = /string="false"/.test(attributes) ? parseJson(raw) : undefined;
    return [key, value ?? typedValue(raw, tool, key, tools)];
  });
  return Object.fromEntries(pairs);
}

function find(text: string, tools: readonly ToolOffer[]): LeakedCall[] {
  return prefixes.flatMap((prefix) =>
    blocks(text, `<${prefix}invoke `, `</${prefix}invoke>`).flatMap(({ start, end, inner }) => {
      const head = /^name="([^"]{1,128})"\s{0,8}>/.exec(inner);
      if (head?.[1] === undefined || inner.includes(`<${prefix}invoke `)) return [];
      const args = parameters(inner.slice(head[0].length), prefix, head[1], tools);
      const from = text.endsWith(stepHead, start) ? start - stepHead.length : start;
      return args === null ? [] : [{ name: head[1], arguments: args, start: from, end }];
    }),
  );
}

/** `<invoke name="f"><parameter name="k">v</parameter></invoke>`: MiniMax, DeepSeek V3.2 to V4.1, Step 3, dots, GigaChat 3.5, Muse. */
export const invoke: CallFormat = { name: "invoke", wholeText: false, find };
