import { sandboxLimits } from "../../../../shared/limits.ts";
import type { RunError } from "../../engine.ts";
import { limitError } from "../../limit_error.ts";

/** The value of a text that a program's side sent; null where it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The error that ended a program, as the program's own side reported it. */
export function thrownError(value: unknown): RunError {
  const fields = typeof value === "object" && value !== null ? value : {};
  const field = (key: string, max: number): string => {
    const field = Object.getOwnPropertyDescriptor(fields, key)?.value;
    return typeof field === "string" ? cut(field, max) : "";
  };
  const name = field("name", 200) || "Error";
  const message = field("message", sandboxLimits.errorBytesMax);
  const stack = field("stack", sandboxLimits.errorBytesMax);
  if (name === "InternalError" && /out of memory|string too long/.test(message)) {
    return { ...limitError("memory"), stack };
  }
  if (
    /stack overflow|call stack size exceeded/.test(message) &&
    /InternalError|RangeError/.test(name)
  ) {
    return { ...limitError("stack"), stack };
  }
  return { kind: "thrown", name, message, stack };
}

/** The head of a text, in bytes, with a note of what was left out. */
export function cut(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax) return text;
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= bytesMax) return text;
  const head = new TextDecoder().decode(bytes.subarray(0, bytesMax)).replace(/\uFFFD$/, "");
  return `${head}\n… ${bytes.length - bytesMax} more bytes were cut off`;
}
