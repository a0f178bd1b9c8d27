/** The skills of this repository: the folders of consumer/skills/library, packed by the build. */
import packed from "../../.build/skills.json";

/** Folder name to file path to text. */
export const bundledSkills: Readonly<Record<string, Readonly<Record<string, string>>>> = packed;

export const bundledNames: readonly string[] = Object.keys(bundledSkills);
