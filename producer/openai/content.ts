/** The words of a message: a text, or a list of parts of text. Pictures, sound and files are refused by name. */
import type { Detail } from "../http/problem.ts";
import { isRecord, type Json, type Said } from "./fields.ts";

/** Who may speak, and as whom the task hears them. */
const roles = new Map([
  ["system", "system"],
  ["developer", "system"],
  ["user", "user"],
  ["assistant", "assistant"],
]);

/** `parts` are the types of a part that are text in this shape, `more` the fields of a message beside its words. */
export interface Manner {
  parts: readonly string[];
  more: readonly string[];
}

export function readMessages(value: unknown, path: string, manner: Manner): Said {
  if (!Array.isArray(value) || value.length === 0) {
    return { faults: [bad(path, "invalid_type", "write a list of messages, at least one")] };
  }
  const faults: Detail[] = [];
  const messages = value.map((message: unknown, at) =>
    readMessage(message, `${path}[${at}]`, manner, faults),
  );
  return faults.length === 0 ? { task: { messages } } : { faults };
}

const bad = (path: string, code: string, message: string): Detail => ({ path, message, code });

function readMessage(message: unknown, path: string, manner: Manner, faults: Detail[]): Json {
  if (!isRecord(message)) {
    faults.push(bad(path, "invalid_type", 'write an object {"role", "content"}'));
    return {};
  }
  const role = roles.get(String(message.role));
  if (role === undefined) {
    const known = [...roles.keys()].join(", ");
    faults.push(
      bad(`${path}.role`, "unsupported_value", `write one of ${known}: tool calls are the fleet's`),
    );
  }
  for (const [name, value] of Object.entries(message)) {
    if (value === null || ["role", "content", ...manner.more].includes(name)) continue;
    faults.push(bad(`${path}.${name}`, "unsupported_parameter", "is not taken: leave it out"));
  }
  return { role, content: readText(message.content, `${path}.content`, manner, faults) };
}

function readText(content: unknown, path: string, manner: Manner, faults: Detail[]): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) {
    faults.push(bad(path, "invalid_type", "write a text, or a list of parts of text"));
    return "";
  }
  return content
    .map((part: unknown, at) => {
      const typed = isRecord(part) && manner.parts.includes(String(part.type)) ? part : null;
      if (typeof typed?.text === "string") return typed.text;
      const message = `only parts of text are taken, as {"type": "${manner.parts[0]}", "text"}: put other material into body.flotilla.files`;
      faults.push(bad(`${path}[${at}]`, "unsupported_value", message));
      return "";
    })
    .join("\n");
}
