/** Finds the skills that a task names: of this repository by name, of the tenant's uploads by their prefix. */
import { skillLimits } from "../../shared/limits.ts";
import { getText, listSome, objectKeys } from "../../shared/objects.ts";
import { normalisePath } from "../../shared/paths.ts";
import type { InputFile, SkillRef } from "../../shared/task.ts";
import { bundledNames, bundledSkills } from "./bundled.ts";
import { frontMatterOf } from "./front_matter.ts";

/** A skill as it is pinned: what the prompt says of it, and where each of its files stands. */
export interface PinnedSkill {
  name: string;
  description: string;
  /** Path below the skill's folder to an upload, or to a file of the repository. */
  files: Record<string, SkillFile>;
}
export type SkillFile = { r2: string; bytes: number } | { bundled: string; bytes: number };

export type Found = { ok: true; skills: PinnedSkill[] } | { ok: false; message: string };

/** Rejects only when R2 fails. */
export async function findSkills(
  bucket: R2Bucket,
  tenant: string,
  refs: readonly SkillRef[],
): Promise<Found> {
  const skills: PinnedSkill[] = [];
  for (const ref of refs) {
    const found = typeof ref === "string" ? bundled(ref) : await uploaded(bucket, tenant, ref.r2);
    const shown = typeof ref === "string" ? ref : ref.r2;
    if (typeof found === "string") return { ok: false, message: `The skill ${shown}: ${found}` };
    if (skills.some(({ name }) => name === found.name)) {
      return { ok: false, message: `Two of the task's skills are named ${found.name}.` };
    }
    skills.push(found);
  }
  return withinBounds(skills);
}

function bundled(name: string): PinnedSkill | string {
  const files = Object.hasOwn(bundledSkills, name) ? bundledSkills[name] : undefined;
  if (files === undefined) return "this repository has none of that name.";
  return assembled(
    files["SKILL.md"] ?? "",
    Object.entries(files).map(([path, text]) => [
      path,
      { bundled: name, bytes: new TextEncoder().encode(text).byteLength },
    ]),
  );
}

/** The repository's skills as they are listed; one that cannot be read is left out, and its use says why. */
export function bundledSummaries(): { name: string; description: string }[] {
  return bundledNames.flatMap((folder) => {
    const told = frontMatterOf(bundledSkills[folder]?.["SKILL.md"] ?? "");
    return told.ok ? [{ name: folder, description: told.description }] : [];
  });
}

async function uploaded(
  bucket: R2Bucket,
  tenant: string,
  prefix: string,
): Promise<PinnedSkill | string> {
  const folder = prefix.replace(/\/+$/, "");
  const below = `${objectKeys.input(tenant, folder)}/`;
  const listed = await listSome(bucket, below, skillLimits.filesMax + 1);
  const files = listed.map((object): [string, SkillFile] => [
    object.key.slice(below.length),
    { r2: object.key.slice(objectKeys.input(tenant, "").length), bytes: object.size },
  ]);
  const head = files.find(([path]) => path === "SKILL.md")?.[1];
  if (head === undefined)
    return `upload its SKILL.md first, with PUT /v1/inputs/${folder}/SKILL.md.`;
  if (head.bytes > skillLimits.bytesMax) return "its SKILL.md is too large.";
  const text = await getText(bucket, `${below}SKILL.md`);
  return text === null ? "its SKILL.md is gone." : assembled(text, files);
}

function assembled(text: string, files: [string, SkillFile][]): PinnedSkill | string {
  const told = frontMatterOf(text);
  if (!told.ok) return `SKILL.md: ${told.message}`;
  const odd = files.find(([path]) => normalisePath(path) !== path);
  if (odd !== undefined) return `"${odd[0]}" is no path in a workspace.`;
  const { name, description } = told;
  return { name, description, files: Object.fromEntries(files) };
}

function withinBounds(skills: PinnedSkill[]): Found {
  const files = skills.flatMap((skill) => Object.values(skill.files));
  if (files.length > skillLimits.filesMax) {
    return { ok: false, message: `The task's skills hold over ${skillLimits.filesMax} files.` };
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return bytes <= skillLimits.bytesMax
    ? { ok: true, skills }
    : {
        ok: false,
        message: `The task's skills hold ${bytes} bytes; at most ${skillLimits.bytesMax} are mounted.`,
      };
}

/** Where skills are mounted. The whole folder is theirs: nobody writes a skill that was not given. */
export const skillsFolder = "skills";

/** Where each file of the skills is mounted, and what holds it: the workspace reads it like any input. */
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
