/** The skills of this repository: each folder of consumer/skills/library that holds a SKILL.md, packed by the build. */
import packed from "../../.build/skills.json";

/** Folder name to path to text. */
export const bundledSkills: Readonly<Record<string, Readonly<Record<string, string>>>> = packed;

export const bundledNames: readonly string[] = Object.keys(bundledSkills);
