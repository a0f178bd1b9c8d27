/** Reads messages. Their content is a string or a list of parts: text, or pictures as data URLs. Audio and files are rejected. */

import { err, ok } from "../../../shared/result.ts";
import { isRecord, type Json } from "../../../shared/text/json.ts";
import type { Detail } from "../../http/problem.ts";
import { fieldError, type TaskFields } from "./fields.ts";

/** The accepted roles, each with its role in the task. */
const roles = new Map([
  ["system", "system"],
  ["developer", "system"],
  ["user", "user"],
  ["assistant", "assistant"],
]);

/** What the two endpoints call text parts, and which message fields have no effect. */
interface MessageFormat {
  textParts: readonly string[];
  ignoredFields: readonly string[];
}

export function readMessages(value: unknown, path: string, format: MessageFormat): TaskFields {
  if (!Array.isArray(value) || value.length === 0) {
    return fieldError(path, "invalid_type", "is not a list of messages: use at least one message");
  }
  const faults: Detail[] = [];
  const messages = value.map((message: unknown, index) =>
    readMessage(message, `${path}[${index}]`, format, faults),
  );
  return faults.length === 0 ? ok({ messages }) : err(faults);
}

function readMessage(
  message: unknown,
  path: string,
  format: MessageFormat,
  faults: Detail[],
): Json {
  if (!isRecord(message)) {
    const text = 'is not a message: use an object {"role", "content"}';
    faults.push({ path, code: "invalid_type", message: text });
    return {};
  }
  const role = roles.get(String(message.role));
  if (role === undefined) {
    const text = `unsupported role: use one of ${[...roles.keys()].join(", ")}; the fleet makes its own tool calls`;
    faults.push({ path: `${path}.role`, code: "unsupported_value", message: text });
  }
  for (const [name, value] of Object.entries(message)) {
    if (value === null || ["role", "content", ...format.ignoredFields].includes(name)) continue;
    const text = "unsupported field: omit it";
    faults.push({ path: `${path}.${name}`, code: "unsupported_parameter", message: text });
  }
  return { role, content: readContent(message.content, `${path}.content`, format, faults) };
}

/** Text parts are joined; with a picture among them they stay parts. */
function readContent(
  content: unknown,
  path: string,
  format: MessageFormat,
  faults: Detail[],
): string | Json[] {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) {
    const message = "is not text: use a string or a list of text parts";
    faults.push({ path, code: "invalid_type", message });
    return "";
  }
  const parts = content.map((part: unknown, index) => {
    const read = readPart(part, format);
    if (read !== null) return read;
    const message = `unsupported part: use {"type": "${format.textParts[0]}", "text"}, a picture as a data URL, and body.flotilla.files for other content`;
    faults.push({ path: `${path}[${index}]`, code: "unsupported_value", message });
    return { type: "text", text: "" };
  });
  return parts.every(({ type }) => type === "text")
    ? parts.map(({ text }) => text).join("\n")
    : parts;
}

/** A part as a task holds it; null where its kind is not supported. The picture's detail has no effect. */
function readPart(part: unknown, { textParts }: MessageFormat): Json | null {
  if (!isRecord(part)) return null;
  if (textParts.includes(String(part.type)) && typeof part.text === "string") {
    return { type: "text", text: part.text };
  }
  const { type, image_url: image } = part;
  const url = isRecord(image) ? image.url : image;
  const isPicture = (type === "image_url" || type === "input_image") && typeof url === "string";
  return isPicture ? { type: "image_url", image_url: { url } } : null;
}
