import type { ToolOffer } from "../../../../shared/models/model.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks } from "../scan.ts";
import { typedParameters } from "../scan_parameters.ts";

const marks = { open: '<param name="', nameEnd: '"', close: "</param>" };

function find(text: string, tools: readonly ToolOffer[]): LeakedCall[] {
  return blocks(text, '<function name="', "</function>").flatMap(({ start, end, inner }) => {
    const head = /^([^"]{1,128})"\s{0,8}>/.exec(inner);
    if (head?.[1] === undefined) return [];
    const args = typedParameters(inner.slice(head[0].length), marks, head[1], tools);
    return args === null ? [] : [{ name: head[1], arguments: args, start, end }];
  });
}

/** `<function name="f"><param name="k">v</param></function>`: MiniCPM 5. */
export const paramXml: CallFormat = { name: "param_xml", wholeText: false, find };
