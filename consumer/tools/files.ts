/** The file tools: they see the workspace and nothing else. */
import { Type } from "@sinclair/typebox";
import { workspaceLimits } from "../../shared/limits.ts";
import { defineTool, done, refused } from "./define.ts";

const path = Type.String({ description: "a path in the workspace, such as data/orders.csv" });
const closed = { additionalProperties: false } as const;

export const readFile = defineTool({
  name: "read_file",
  description:
    "Reads a text file of the workspace. Long files come in parts: the answer says where to go on.",
  input: Type.Object(
    {
      path,
      offset: Type.Optional(
        Type.Integer({ minimum: 0, description: "the character to start at, from 0" }),
      ),
      limit: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: workspaceLimits.readCharsDefault,
          description: "how many characters to read",
        }),
      ),
    },
    closed,
  ),
  effect: "read",
  async run({ path: name, offset = 0, limit = workspaceLimits.readCharsDefault }, { files }) {
    const bytes = await files.read(name);
    if (bytes === null) return refused(missing(name, files.paths()));
    const text = new TextDecoder().decode(bytes);
    const part = text.slice(offset, offset + limit).toWellFormed();
    const end = offset + part.length;
    if (end >= text.length) return done(part);
    return done(`${part}\n[${text.length - end} characters follow: read on with offset ${end}]`);
  },
});

export const writeFile = defineTool({
  name: "write_file",
  description: "Writes a text file of the workspace, replacing what was there.",
  input: Type.Object({ path, content: Type.String() }, closed),
  effect: "idempotent",
  async run({ path: name, content }, { files }) {
    const bytes = new TextEncoder().encode(content);
    const refusal = files.write(name, bytes);
    return refusal === null
      ? done(`Wrote ${bytes.byteLength} bytes to ${name}.`)
      : refused(refusal);
  },
});

export const listFiles = defineTool({
  name: "list_files",
  description: "Lists the files of the workspace, or those below a folder.",
  input: Type.Object({ path: Type.Optional(path) }, closed),
  effect: "read",
  async run({ path: folder }, { files }) {
    const prefix = folder === undefined || /^[./]*$/.test(folder) ? "" : trimmed(folder);
    const found = files.paths().filter((name) => prefix === "" || name.startsWith(`${prefix}/`));
    if (found.length > 0) return done(found.join("\n"));
    return done(prefix === "" ? "The workspace is empty." : `There is no file below "${folder}".`);
  },
});

const trimmed = (folder: string): string => folder.replace(/^(\.?\/)+/, "").replace(/\/+$/, "");

function missing(name: string, paths: readonly string[]): string {
  const shown = paths.slice(0, workspaceLimits.namesShownMax).join(", ");
  return `There is no file "${name}". The workspace holds: ${shown || "nothing"}${paths.length > workspaceLimits.namesShownMax ? ", …" : "."}`;
}
