import { Type } from "@sinclair/typebox";
import { defineTool, done, refused } from "../define.ts";
import { closed, missing, pathInput } from "./text_file.ts";

export const writeFile = defineTool({
  name: "write_file",
  description:
    "Writes a text file of the workspace, replacing what was there. To change a part of a file, use edit_file.",
  input: Type.Object({ path: pathInput, content: Type.String() }, closed),
  effect: "idempotent",
  async run({ path, content }, { files }) {
    const bytes = new TextEncoder().encode(content);
    const refusal = files.write(path, bytes);
    return refusal === null
      ? done(`Wrote ${bytes.byteLength} bytes to ${path}.`)
      : refused(refusal);
  },
});

export const deleteFile = defineTool({
  name: "delete_file",
  description: "Deletes one file of the workspace.",
  input: Type.Object({ path: pathInput }, closed),
  effect: "idempotent",
  async run({ path }, { files }) {
    if ((await files.read(path)) === null) return refused(missing(path, files.paths()));
    const refusal = files.delete(path);
    return refusal === null ? done(`Deleted ${path}.`) : refused(refusal);
  },
});
