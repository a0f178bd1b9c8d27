import type { Quirk } from "../quirks.ts";

/** Thought told apart from speech where the engine left both in one text. */
export interface VisibleText {
  text: string;
  reasoning: string;
  quirks: Quirk[];
}

const tags = "think|thinking|thought|reasoning|seed:think";
const leading = new RegExp(`^\\s*<(${tags})>([\\s\\S]*?)</\\1>`);
// A tag that is quoted inside a sentence ends no thought: only one that ends its line does.
const strayEnd = new RegExp(`^([\\s\\S]*?)</(?:${tags})>[ \\t]*(?:\\r?\\n|$)`);
const openStart = new RegExp(`^\\s*<(?:${tags})>`);
const harmonyPart =
  /(?:<\|start\|>assistant)?<\|channel\|>(analysis|final|commentary)(?:<\|constrain\|>\w+)?<\|message\|>([\s\S]*?)(?:<\|(?:end|return)\|>|(?=<\|(?:start|channel)\|>)|$)/g;

/**
 * Splits `<think>` blocks and harmony channels off a text. Only what leads the text is
 * thought: a tag further on may be quoted. A block that never closes is all thought,
 * because a reply cut there holds no answer.
 */
export function splitThinking(text: string): VisibleText {
  const harmony = splitHarmony(text);
  let rest = harmony.text;
  const thoughts: string[] = [];
  for (let block = leading.exec(rest); block !== null; block = leading.exec(rest)) {
    thoughts.push(block[2] ?? "");
    rest = rest.slice(block[0].length);
  }
  if (openStart.test(rest)) {
    thoughts.push(rest.replace(openStart, ""));
    rest = "";
  } else {
    // The opening tag often stands in the prompt's template, so only the end arrives.
    const stray = thoughts.length === 0 ? strayEnd.exec(rest) : null;
    if (stray !== null && !new RegExp(`<(?:${tags})>`).test(rest)) {
      thoughts.push(stray[1] ?? "");
      rest = rest.slice(stray[0].length);
    }
  }
  const found = thoughts.length > 0;
  const quirks = [...harmony.quirks];
  if (found) quirks.push("thinking_in_text");
  return {
    text: found ? rest.trimStart() : rest,
    reasoning: [harmony.reasoning, ...thoughts.map((thought) => thought.trim())]
      .filter((part) => part !== "")
      .join("\n"),
    quirks,
  };
}

function splitHarmony(text: string): VisibleText {
  if (!text.includes("<|channel|>")) return { text, reasoning: "", quirks: [] };
  const thoughts: string[] = [];
  const spoken = text.replace(harmonyPart, (_all, channel: string, body: string) => {
    if (channel !== "analysis") return body;
    thoughts.push(body.trim());
    return "";
  });
  return spoken === text
    ? { text, reasoning: "", quirks: [] }
    : { text: spoken, reasoning: thoughts.join("\n"), quirks: ["harmony_channels_in_text"] };
}
