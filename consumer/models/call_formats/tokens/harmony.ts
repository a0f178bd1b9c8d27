import { modelLimits } from "../../../../shared/limits.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { jsonEnd, skipSpace, skipToken } from "../scan.ts";

const recipient = /to=(?:functions\.)?([\w.-]+)/g;
const headChars = 80;

/** The start of the header that ends with this recipient: its tokens, or the words that remain of them. */
function headStart(text: string, position: number): number {
  const from = Math.max(0, position - headChars);
  const head = /(?:<\|start\|>)?(?:assistant)?(?:<\|channel\|>)?(?:commentary|analysis)?\s*$/.exec(
    text.slice(from, position),
  );
  return head === null ? position : from + head.index;
}

function find(text: string): LeakedCall[] {
  const calls: LeakedCall[] = [];
  for (const match of [...text.matchAll(recipient)].slice(0, modelLimits.leakBlocksMax)) {
    const name = match[1];
    const nameEnd = match.index + match[0].length;
    const tail =
      /^(?:<\|channel\|>(?:commentary|analysis))?\s*(?:<\|constrain\|>)?\s*(?:json|code)?\s*(?:<\|message\|>)?\s*(?=\{)/.exec(
        text.slice(nameEnd, nameEnd + headChars),
      );
    const start = headStart(text, match.index);
    // A header without tokens must at least name the channel, or any text with "to=" would match.
    const isMarked = /<\||commentary|analysis/.test(
      text.slice(start, nameEnd + (tail?.[0].length ?? 0)),
    );
    if (name === undefined || tail === null || !isMarked) continue;
    const from = skipSpace(text, nameEnd + tail[0].length);
    const to = jsonEnd(text, from);
    if (to === null) continue;
    const end = skipToken(text, to, "<|call|>", "<|end|>", "<|return|>");
    calls.push({ name, arguments: text.slice(from, to), start, end });
  }
  return calls;
}

/** `<|channel|>commentary to=functions.f <|constrain|>json<|message|>{…}<|call|>`: gpt-oss. */
export const harmony: CallFormat = { name: "harmony", wholeText: false, find };
