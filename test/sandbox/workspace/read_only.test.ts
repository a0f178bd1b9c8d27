/** A folder that is read-only says so at the write, as a disk does, and nothing of it changes. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { isolateEngine } from "../../../consumer/sandbox/isolate.ts";
import { isolateV8Engine } from "../../../consumer/sandbox/isolate_v8.ts";
import { run } from "../running.ts";

const rejectedCases: [does: string, code: string][] = [
  ["writes a file", "fs.writeFileSync('skills/a/SKILL.md', 'x')"],
  ["writes it by another spelling", "fs.writeFileSync('./work/../skills//a/SKILL.md', 'x')"],
  ["writes a new file", "fs.writeFileSync('skills/a/NEW.md', 'x')"],
  ["appends", "fs.appendFileSync('skills/a/SKILL.md', 'x')"],
  ["writes by a promise", "await fs.promises.writeFile('skills/a/SKILL.md', 'x')"],
  ["deletes", "fs.unlinkSync('skills/a/SKILL.md')"],
  ["deletes the folder", "fs.rmSync('skills', { recursive: true })"],
  ["makes a folder", "fs.mkdirSync('skills/c')"],
  ["moves out of it", "fs.renameSync('skills/a/SKILL.md', 'moved')"],
  ["moves into it", "fs.renameSync('mine', 'skills/mine')"],
  ["copies into it", "fs.copyFileSync('mine', 'skills/mine')"],
  ["writes what a tool answered", "fs.writeFileSync('.outputs/3.txt', 'x')"],
  ["deletes what a tool answered", "fs.unlinkSync('.outputs/3.txt')"],
];

describe.each([
  ["isolate", isolateEngine(env.LOADER)],
  ["isolate-v8", isolateV8Engine(env.LOADER)],
])("in %s, where skills is read-only, a program that", (_name, engine) => {
  const options = {
    engine,
    readOnly: "skills",
    files: { "skills/a/SKILL.md": "read me", ".outputs/3.txt": "long", mine: "m" },
  };

  test("does what it may not gets EROFS each time, and changes nothing", async () => {
    const tried = rejectedCases.map(
      ([
        does,
        code,
      ]) => `await (async () => { ${code} })().then(() => "done", (e) => e.code + " " + e.errno)
        .then((end) => ends.push(${JSON.stringify(does)} + ": " + end));`,
    );
    const outcome = await run(`const ends = []; ${tried.join("\n")} JSON.stringify(ends)`, options);
    expect(outcome.error).toBeNull();
    expect(JSON.parse(outcome.value ?? "")).toEqual(
      rejectedCases.map(([does]) => `${does}: EROFS -30`),
    );
    expect([...outcome.changes]).toEqual([]);
  });

  test("reads it and writes to another folder succeeds", async () => {
    const outcome = await run(
      "fs.mkdirSync('skills/a', { recursive: true }); fs.copyFileSync('skills/a/SKILL.md', 'skills.md'); fs.renameSync('mine', 'mine')",
      options,
    );
    expect(outcome.error).toBeNull();
    expect([...outcome.changes.keys()].sort()).toEqual(["mine", "skills.md"]);
    expect(outcome.changes.get("mine")).not.toBeNull();
  });
});

test("without a folder that is read-only, a program may have a folder of that name", async () => {
  const outcome = await run("fs.mkdirSync('skills'); fs.writeFileSync('skills/own.md', 'x')");
  expect([outcome.error, [...outcome.changes.keys()]]).toEqual([null, ["skills/own.md"]]);
});
