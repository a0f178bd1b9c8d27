import { modelLimits } from "../../../../shared/limits.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { jsonEnd, skipSpace, skipToken } from "../scan.ts";

const recipient = "<|recipient|>";
const from = "<|from|>assistant";

/** The JSON behind a name: `name\n<|content|>{…}` after a recipient, `name\n{…}` after `>>>`. */
function readCall(text: string, start: number, nameAt: number): LeakedCall | null {
  const name = /^\s{0,8}([\w.-]{1,128})\s{0,8}(?:<\|content\|>)?/.exec(
    text.slice(nameAt, nameAt + 200),
  );
  if (name?.[1] === undefined || name[1] === "all") return null;
  const position = skipSpace(text, nameAt + name[0].length);
  const end = jsonEnd(text, position);
  if (end === null) return null;
  return {
    name: name[1],
    arguments: text.slice(position, end),
    start,
    end: skipToken(text, end, "<|stop|>", "<|eot_id|>"),
  };
}

function find(text: string): LeakedCall[] {
  const calls: LeakedCall[] = [];
  for (const mark of [recipient, ">>>"]) {
    let tries = 0;
    for (
      let position = text.indexOf(mark);
      position !== -1 && tries < modelLimits.leakBlocksMax;
      tries += 1
    ) {
      const before = text.slice(Math.max(0, position - 40), position);
      const head = mark === recipient ? before.lastIndexOf(from) : -1;
      const startsLine = mark === recipient || before === "" || before.endsWith("\n");
      const call = startsLine
        ? readCall(
            text,
            head === -1 ? position : position - (before.length - head),
            position + mark.length,
          )
        : null;
      if (call !== null) calls.push(call);
      position = text.indexOf(mark, call?.end ?? position + mark.length);
    }
  }
  return calls;
}

/** `<|from|>assistant\n<|recipient|>f\n<|content|>{…}` and `>>>f\n{…}`: Functionary. */
export const functionary: CallFormat = { name: "functionary", wholeText: false, find };
