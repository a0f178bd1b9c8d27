import { modelLimits } from "../../../../shared/limits.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { jsonEnd, skipSpace } from "../scan.ts";

const nameMark = "✿FUNCTION✿:";
const argumentMark = "✿ARGS✿:";

function find(text: string): LeakedCall[] {
  const calls: LeakedCall[] = [];
  let tries = 0;
  for (
    let position = text.indexOf(nameMark);
    position !== -1 && tries < modelLimits.leakBlocksMax;
    tries += 1
  ) {
    const args = text.indexOf(argumentMark, position);
    if (args === -1) break;
    const name = text.slice(position + nameMark.length, args).trim();
    const from = skipSpace(text, args + argumentMark.length);
    const end = jsonEnd(text, from);
    if (end !== null && /^[\w.-]{1,128}$/.test(name)) {
      calls.push({ name, arguments: text.slice(from, end), start: position, end });
    }
    position = text.indexOf(nameMark, end ?? args);
  }
  return calls;
}

/** `✿FUNCTION✿: f\n✿ARGS✿: {…}`: Qwen's agent template. */
export const qwenAgent: CallFormat = { name: "qwen_agent", wholeText: false, find };
