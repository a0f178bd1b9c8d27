/** The front matter of a SKILL.md: YAML between two lines of `---`, of which two fields are read. */
import { parseDocument } from "yaml";
import { skillLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { isRecord } from "../../shared/text/json.ts";
import { promptLine } from "../mcp/prompt_line.ts";

export interface FrontMatter {
  name: string;
  description: string;
}

const skillName = /^[a-z0-9](?:-?[a-z0-9])*$/;

/** The name becomes a folder, and both become part of the prompt, so both are restricted. */
export function parseFrontMatter(text: string): Result<FrontMatter, string> {
  const head = text.slice(0, skillLimits.frontMatterCharsMax).replaceAll("\r\n", "\n");
  const match = /^\uFEFF?---\n([\s\S]*?)\n---(?:\n|$)/.exec(head);
  if (match === null) {
    return err("it must start with front matter: a line ---, name and description, a line ---.");
  }
  const fields = readYaml(match[1] ?? "");
  if (fields === null)
    return err(
      "its front matter is not a YAML mapping: write name and description, each on one line.",
    );
  const { name, description } = fields;
  if (typeof name !== "string" || !skillName.test(name) || name.length > skillLimits.nameCharsMax) {
    return err(
      `its name must be up to ${skillLimits.nameCharsMax} lower-case letters, digits and single hyphens.`,
    );
  }
  const line = promptLine(description, skillLimits.descriptionCharsMax);
  return line === "" ? err("its description is missing.") : ok({ name, description: line });
}

/** Null when it cannot be read. Aliases are not followed, because they could expand without bound. */
function readYaml(text: string): Record<string, unknown> | null {
  try {
    const document = parseDocument(text, { schema: "failsafe", logLevel: "silent" });
    if (document.errors.length > 0) return null;
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}
