import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * The files below `folder` that contain `secret`, plain or as base64: databases, objects and logs, read as
 * bytes. Names are relative to `folder`.
 */
export function filesContaining(folder: string, secret: string): string[] {
  const forms = [secret, Buffer.from(secret).toString("base64")];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => {
      const content = readFileSync(file);
      return forms.some((form) => content.includes(form));
    })
    .map((file) => path.relative(folder, file));
}
