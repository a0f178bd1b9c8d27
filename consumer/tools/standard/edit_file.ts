import { Type } from "@sinclair/typebox";
import { defineTool, done, refused } from "../define.ts";
import { replaceOnce } from "./replacement.ts";
import { closed, pathInput, readText } from "./text_file.ts";

export const editFile = defineTool({
  name: "edit_file",
  description:
    "Replaces one piece of a text file. `old` must stand in the file exactly once: give enough lines around " +
    "the change, without line numbers. `new` is taken literally; an empty `new` deletes the piece.",
  input: Type.Object(
    {
      path: pathInput,
      old: Type.String({ description: "the text to replace, as it stands in the file" }),
      new: Type.String({ description: "the text to put in its place" }),
    },
    closed,
  ),
  effect: "idempotent",
  async run({ path, old, new: by }, { files }) {
    const file = await readText(files, path);
    if (!file.ok) return refused(file.message);
    const edit = replaceOnce(file.text, old, by);
    if (!edit.ok) return refused(`${path} was not changed: ${edit.message}`);
    const refusal = files.write(path, new TextEncoder().encode(edit.text));
    if (refusal !== null) return refused(refusal);
    const note = edit.exact
      ? ""
      : " The piece stood there with other whitespace; its own was kept.";
    return done(`Edited ${path} at line ${edit.line}.${note}`);
  },
});
