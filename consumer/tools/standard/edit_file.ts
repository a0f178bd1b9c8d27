import { Type } from "@sinclair/typebox";
import { defineTool, toolError, toolResult } from "../define.ts";
import { replaceOnce } from "./replacement.ts";
import { pathInput, readText, strict } from "./text_file.ts";

export const editFile = defineTool({
  name: "edit_file",
  description:
    "Replaces one piece of a text file. `old` must occur exactly once in the file: give enough lines around " +
    "the change, without line numbers. `new` is taken literally; an empty `new` deletes the piece.",
  input: Type.Object(
    {
      path: pathInput,
      old: Type.String({ description: "the text to replace, exactly as in the file" }),
      new: Type.String({ description: "the text to put in its place" }),
    },
    strict,
  ),
  effect: "idempotent",
  async run({ path, old, new: newText }, { files }) {
    const file = await readText(files, path);
    if (!file.ok) return toolError(file.error);
    const edit = replaceOnce(file.value, old, newText);
    if (!edit.ok) return toolError(`${path} was not changed: ${edit.error}`);
    const result = files.write(path, new TextEncoder().encode(edit.value.text));
    if (!result.ok) return toolError(result.error);
    const { line, exact } = edit.value;
    const note = exact ? "" : " The file's white space differed from `old` and was kept.";
    return toolResult(`Edited ${path} at line ${line}.${note}`);
  },
});
