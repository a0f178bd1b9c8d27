/** Finds the skills that a task names: those of this repository by name, the tenant's uploads by prefix. */

import { getText, listFirst, objectKeys } from "../../shared/files/objects.ts";
import { normalisePath } from "../../shared/files/paths.ts";
import { skillLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { InputFile, SkillRef } from "../../shared/task/task.ts";
import { bundledNames, bundledSkills } from "./bundled.ts";
import { parseFrontMatter } from "./front_matter.ts";

/** A skill as it is pinned: its entry in the prompt, and where each of its files is stored. */
export interface PinnedSkill {
  name: string;
  description: string;
  /** Path below the skill's folder to an upload, or to a file of the repository. */
  files: Record<string, SkillFile>;
}
export type SkillFile = { r2: string; bytes: number } | { bundled: string; bytes: number };

/** Rejects only when R2 fails. */
export async function findSkills(
  bucket: R2Bucket,
  tenant: string,
  refs: readonly SkillRef[],
): Promise<Result<PinnedSkill[], string>> {
  const skills: PinnedSkill[] = [];
  for (const ref of refs) {
    const file =
      typeof ref === "string" ? findBundled(ref) : await findUploaded(bucket, tenant, ref.r2);
    const location = typeof ref === "string" ? ref : ref.r2;
    if (!file.ok) return err(`The skill ${location}: ${file.error}`);
    const skill = file.value;
    if (skills.some(({ name }) => name === skill.name)) {
      return err(`Two of the task's skills are named ${skill.name}.`);
    }
    skills.push(skill);
  }
  return checkBounds(skills);
}

function findBundled(name: string): Result<PinnedSkill, string> {
  const files = Object.hasOwn(bundledSkills, name) ? bundledSkills[name] : undefined;
  if (files === undefined) return err("this repository has no skill of that name.");
  return buildSkill(
    files["SKILL.md"] ?? "",
    Object.entries(files).map(([path, text]) => [
      path,
      { bundled: name, bytes: new TextEncoder().encode(text).byteLength },
    ]),
  );
}

/** The repository's skills. One that cannot be read is left out; naming it in a task shows the reason. */
export function listBundledSkills(): { name: string; description: string }[] {
  return bundledNames.flatMap((folder) => {
    const parsed = parseFrontMatter(bundledSkills[folder]?.["SKILL.md"] ?? "");
    return parsed.ok ? [{ name: folder, description: parsed.value.description }] : [];
  });
}

async function findUploaded(
  bucket: R2Bucket,
  tenant: string,
  prefix: string,
): Promise<Result<PinnedSkill, string>> {
  const folder = prefix.replace(/\/+$/, "");
  const below = `${objectKeys.input(tenant, folder)}/`;
  const objects = await listFirst(bucket, below, skillLimits.filesMax + 1);
  const files = objects.map((object): [string, SkillFile] => [
    object.key.slice(below.length),
    { r2: object.key.slice(objectKeys.input(tenant, "").length), bytes: object.size },
  ]);
  const head = files.find(([path]) => path === "SKILL.md")?.[1];
  if (head === undefined)
    return err(`upload its SKILL.md first, with PUT /v1/inputs/${folder}/SKILL.md.`);
  if (head.bytes > skillLimits.bytesMax) return err("its SKILL.md is too large.");
  const text = await getText(bucket, `${below}SKILL.md`);
  return text === null ? err("its SKILL.md was deleted.") : buildSkill(text, files);
}

function buildSkill(text: string, files: [string, SkillFile][]): Result<PinnedSkill, string> {
  const parsed = parseFrontMatter(text);
  if (!parsed.ok) return err(`SKILL.md: ${parsed.error}`);
  const invalid = files.find(([path]) => normalisePath(path) !== path);
  if (invalid !== undefined) return err(`"${invalid[0]}" is not a path in a workspace.`);
  return ok({ ...parsed.value, files: Object.fromEntries(files) });
}

function checkBounds(skills: PinnedSkill[]): Result<PinnedSkill[], string> {
  const files = skills.flatMap((skill) => Object.values(skill.files));
  if (files.length > skillLimits.filesMax) {
    return err(`The task's skills have more than ${skillLimits.filesMax} files.`);
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return bytes <= skillLimits.bytesMax
    ? ok(skills)
    : err(`The task's skills have ${bytes} bytes; the limit is ${skillLimits.bytesMax}.`);
}

/** Where skills are mounted. The whole folder is read-only, so that no skill can be added. */
export const skillsFolder = "skills";

/** The mount path of each file, and its source, which the workspace reads like any input. */
export function mountsOf(skills: readonly PinnedSkill[]): Record<string, InputFile> {
  const mounts: Record<string, InputFile> = {};
  for (const { name, files } of skills) {
    for (const [path, file] of Object.entries(files)) {
      mounts[`${skillsFolder}/${name}/${path}`] =
        "r2" in file ? { r2: file.r2 } : { text: bundledSkills[file.bundled]?.[path] ?? "" };
    }
  }
  return mounts;
}
