/** Each bound of skills at its last accepted value and at the next one. */
import { expect, test } from "vitest";
import { findSkills } from "../../consumer/skills/find.ts";
import { parseFrontMatter } from "../../consumer/skills/front_matter.ts";
import { skillLimits } from "../../shared/limits.ts";

const x = (length: number): string => "x".repeat(length);
const parse = (head: string) => parseFrontMatter(`---\n${head}\n---\n`);

/** Whether a skill with a SKILL.md of one byte and these files may be used. */
async function isFound(sizes: readonly number[]): Promise<boolean> {
  const prefix = "inputs/default/k/";
  const files = sizes.map((size, n) => ({ key: `${prefix}${n}`, size }));
  const bucket = {
    list: async () => ({ objects: [{ key: `${prefix}SKILL.md`, size: 1 }, ...files] }),
    get: async () => ({ text: async () => "---\nname: a\ndescription: d\n---\n" }),
  } as unknown as R2Bucket;
  return (await findSkills(bucket, "default", [{ r2: "k" }])).ok;
}

test.each<[string, number, (n: number) => boolean | Promise<boolean>]>([
  [
    "the characters of a name",
    skillLimits.nameCharsMax,
    (n) => parse(`name: ${x(n)}\ndescription: d`).ok,
  ],
  [
    "the characters of a description",
    skillLimits.descriptionCharsMax,
    (n) => {
      const parsed = parse(`name: a\ndescription: ${x(n)}`);
      return parsed.ok && parsed.value.description.endsWith("x");
    },
  ],
  [
    "the characters of the front matter",
    skillLimits.frontMatterCharsMax,
    (n) => parseFrontMatter(`---\nname: a\ndescription: d\n#${x(n - 32)}\n---`).ok,
  ],
  ["the files of a task's skills", skillLimits.filesMax, (n) => isFound(Array(n - 1).fill(0))],
  ["the bytes of a task's skills", skillLimits.bytesMax, (n) => isFound([n - 1])],
])("the bound on %s is exact", async (_name, max, isAccepted) => {
  expect([await isAccepted(max), await isAccepted(max + 1)]).toEqual([true, false]);
});
