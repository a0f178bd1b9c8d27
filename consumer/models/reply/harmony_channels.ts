import type { VisibleText } from "./visible_text.ts";

const mark = "<|message|>";
const ends = ["<|end|>", "<|return|>", "<|call|>", "<|eom|>", "<|eot|>"];
/** Muse addresses every message: its reasoning to itself, the answer to the user. */
const ownRecipient = /\bto=(self|user|commentary)\s*(?:<\||$)/;
const boundaries = [...ends, "<|start|>", "<|channel|>"];
/** A lead that belongs to the following header, whose own tokens the engine removed. */
const headLead = /\bto=|^\s*(?:assistant|commentary|analysis|final)\s*$/;

/**
 * Splits a text at harmony's channel tokens: analysis is reasoning, final and commentary are text, and
 * a message that is addressed (`to=`) to a tool is a call, which stays in the text with its tokens, at the end.
 */
export function splitHarmony(text: string): VisibleText {
  if (!text.includes(mark)) return { text, reasoning: "", quirks: [] };
  const parts: string[] = [];
  const pieces: Piece[] = [];
  let position = 0;
  for (let head = text.indexOf(mark); head !== -1; head = text.indexOf(mark, position)) {
    const content = text.slice(position, head);
    const first = content.indexOf("<|");
    const lead = first === -1 ? content : content.slice(0, first);
    const isHead = headLead.test(lead.slice(-200));
    if (!isHead) pieces.push({ kind: "outside", text: lead });
    const from = head + mark.length;
    const end = nextBoundary(text, from);
    const body = text.slice(from, end);
    const kind = messageKind(content.slice(-200));
    if (kind === "reasoning") parts.push(body.trim());
    else if (kind === "call") {
      const header = isHead ? content : content.slice(lead.length);
      const isTagged = body.includes("<atem:");
      pieces.push({ kind: "call", text: isTagged ? body : `${header}${mark}${body}<|call|>` });
    } else pieces.push({ kind: "message", text: body });
    const token = ends.find((each) => text.startsWith(each, end));
    position = end + (token?.length ?? 0);
  }
  pieces.push({ kind: "outside", text: text.slice(position) });
  return {
    text: inReadingOrder(pieces)
      .map((piece) => piece.text)
      .join(""),
    reasoning: parts.join("\n"),
    quirks: ["harmony_channels_in_text"],
  };
}

function messageKind(header: string): "reasoning" | "call" | "message" {
  const recipient = ownRecipient.exec(header)?.[1];
  if (recipient !== undefined) return recipient === "self" ? "reasoning" : "message";
  if (/\bto=/.test(header)) return "call";
  return header.slice(-60).includes("analysis") ? "reasoning" : "message";
}

interface Piece {
  /** Text outside of any message, the body of a message, or an addressed message with its tokens. */
  kind: "outside" | "message" | "call";
  text: string;
}

/** Moves the calls to the end, after the messages. A reply with text outside of messages keeps its order. */
function inReadingOrder(pieces: readonly Piece[]): readonly Piece[] {
  const firstCall = pieces.findIndex(({ kind }) => kind === "call");
  const behind = pieces.slice(firstCall + 1);
  const isMixed = behind.some(({ kind, text }) => kind === "outside" && text.trim() !== "");
  if (firstCall === -1 || isMixed) return pieces;
  return [
    ...pieces.filter(({ kind }) => kind !== "call"),
    ...pieces.filter(({ kind }) => kind === "call"),
  ];
}

function nextBoundary(text: string, from: number): number {
  for (
    let position = text.indexOf("<|", from);
    position !== -1;
    position = text.indexOf("<|", position + 1)
  ) {
    if (boundaries.some((token) => text.startsWith(token, position))) return position;
  }
  return text.length;
}
