import { modelLimits } from "../../../../shared/limits.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { jsonEnd, skipSpace } from "../scan.ts";

const nameMark = "✿FUNCTION✿:";
const argumentMark = "✿ARGS✿:";

function find(text: string): LeakedCall[] {
  const found: LeakedCall[] = [];
  let tries = 0;
  for (
    let at = text.indexOf(nameMark);
    at !== -1 && tries < modelLimits.leakBlocksMax;
    tries += 1
  ) {
    const args = text.indexOf(argumentMark, at);
    if (args === -1) break;
    const name = text.slice(at + nameMark.length, args).trim();
    const from = skipSpace(text, args + argumentMark.length);
    const end = jsonEnd(text, from);
    if (end !== null && /^[\w.-]{1,128}$/.test(name)) {
      found.push({ name, arguments: text.slice(from, end), start: at, end });
    }
    at = text.indexOf(nameMark, end ?? args);
  }
  return found;
}

/** `✿FUNCTION✿: f\n✿ARGS✿: {…}`: Qwen's agent template. */
export const qwenAgent: CallFormat = { name: "qwen_agent", wholeText: false, find };
