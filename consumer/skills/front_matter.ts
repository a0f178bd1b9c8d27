/** What a SKILL.md says of itself: YAML between two lines of `---`, of which two fields are read. */
import { parseDocument } from "yaml";
import { skillLimits } from "../../shared/limits.ts";
import { oneLine } from "../../shared/one_line.ts";

export type FrontMatter =
  | { ok: true; name: string; description: string }
  | { ok: false; message: string };

const skillName = /^[a-z0-9](?:-?[a-z0-9])*$/;

/** The name becomes a folder, and both stand in the prompt, so neither may be anything but what it says. */
export function frontMatterOf(text: string): FrontMatter {
  const fault = (message: string): FrontMatter => ({ ok: false, message });
  const head = text.slice(0, skillLimits.frontMatterCharsMax).replaceAll("\r\n", "\n");
  const found = /^\uFEFF?---\n([\s\S]*?)\n---(?:\n|$)/.exec(head);
  if (found === null) {
    return fault("it must begin with front matter: a line ---, name and description, a line ---.");
  }
  const fields = readYaml(found[1] ?? "");
  if (fields === null) return fault("its front matter is no YAML of field to value.");
  const { name, description } = fields;
  if (typeof name !== "string" || !skillName.test(name) || name.length > skillLimits.nameCharsMax) {
    return fault(
      `its name must be up to ${skillLimits.nameCharsMax} lower case letters, digits and single hyphens.`,
    );
  }
  const line = oneLine(description, skillLimits.descriptionCharsMax);
  return line === "" ? fault("its description is missing.") : { ok: true, name, description: line };
}

/** Aliases could grow without bound, so none is followed; a tag or an error makes it unreadable. */
function readYaml(text: string): Record<string, unknown> | null {
  try {
    const document = parseDocument(text, { schema: "failsafe", logLevel: "silent" });
    if (document.errors.length > 0) return null;
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
