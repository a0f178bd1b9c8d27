import { Type } from "@sinclair/typebox";
import { defineTool, toolError, toolResult } from "../define.ts";
import { missingFileText, pathInput, strict } from "./text_file.ts";

export const writeFile = defineTool({
  name: "write_file",
  description:
    "Writes a text file of the workspace, replacing what was there. To change a part of a file, use edit_file.",
  input: Type.Object({ path: pathInput, content: Type.String() }, strict),
  effect: "idempotent",
  async run({ path, content }, { files }) {
    const bytes = new TextEncoder().encode(content);
    const result = files.write(path, bytes);
    if (!result.ok) return toolError(result.error);
    return toolResult(`Wrote ${bytes.byteLength} bytes to ${path}.`);
  },
});

export const deleteFile = defineTool({
  name: "delete_file",
  description: "Deletes one file of the workspace.",
  input: Type.Object({ path: pathInput }, strict),
  effect: "idempotent",
  async run({ path }, { files }) {
    if ((await files.read(path)) === null) return toolError(missingFileText(path, files.paths()));
    const result = files.remove(path);
    return result.ok ? toolResult(`Deleted ${path}.`) : toolError(result.error);
  },
});
