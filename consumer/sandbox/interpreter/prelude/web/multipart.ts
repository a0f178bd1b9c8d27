import { decodeText } from "../bridge.ts";
import { File, FormData } from "./blob.ts";

/** Parses a form from a body that is URL-encoded or multipart. */
export function parseForm(bytes: Uint8Array, type: string): FormData {
  const form = new FormData();
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) {
    for (const [name, value] of new URLSearchParams(decodeText(bytes))) form.append(name, value);
    return form;
  }
  const boundary = /^multipart\/form-data\b.*;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type);
  if (boundary === null)
    throw new TypeError(
      'Content-Type was not one of "multipart/form-data" or "application/x-www-form-urlencoded".',
    );
  const text = Buffer.from(bytes).toString("latin1");
  const mark = `--${boundary[1] ?? boundary[2]}`;
  const parts = text.split(mark);
  if (parts.length < 2 || !(parts.at(-1) ?? "").startsWith("--"))
    throw new TypeError("Failed to parse body as FormData.");
  for (const part of parts.slice(1, -1)) addPart(form, part);
  return form;
}

function addPart(form: FormData, part: string): void {
  const end = part.indexOf("\r\n\r\n");
  if (!part.startsWith("\r\n") || end < 0) throw new TypeError("Failed to parse body as FormData.");
  const head = Buffer.from(part.slice(2, end), "latin1").toString();
  const content = Buffer.from(part.slice(end + 4, -2), "latin1");
  const disposition = /^content-disposition:\s*form-data(.*)$/im.exec(head)?.[1] ?? "";
  const field = (name: string): string | undefined =>
    new RegExp(`;\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, "i")
      .exec(disposition)?.[1]
      ?.replace(/%(0A|0D|22)/gi, decodeURIComponent);
  const name = field("name");
  if (name === undefined) throw new TypeError("Failed to parse body as FormData.");
  const fileName = field("filename");
  if (fileName === undefined) form.append(name, content.toString());
  else {
    const type = /^content-type:\s*(.*)$/im.exec(head)?.[1]?.trim() ?? "text/plain";
    form.append(name, new File([content], fileName, { type }));
  }
}
