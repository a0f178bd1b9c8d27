/** Packs the folders of `library/` into .build/skills.json: a Worker has no disk to read them from. */
import fs from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
const library = path.join(import.meta.dirname, "library");

const skills: Record<string, Record<string, string>> = {};
for (const name of fs.readdirSync(library).sort()) {
  const folder = path.join(library, name);
  if (!fs.existsSync(path.join(folder, "SKILL.md"))) {
    throw new Error(`consumer/skills/library/${name} has no SKILL.md.`);
  }
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  skills[name] = Object.fromEntries(
    files
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [
        path.relative(folder, file).replaceAll(path.sep, "/"),
        fs.readFileSync(file, "utf8"),
      ]),
  );
}
fs.mkdirSync(path.join(root, ".build"), { recursive: true });
fs.writeFileSync(path.join(root, ".build/skills.json"), JSON.stringify(skills));
