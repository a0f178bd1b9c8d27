/** A program's files and its calls of tools are one workspace: each sees at once what the other wrote. */
import { describe, expect, test } from "vitest";
import { call, finish, runTask, stepsOf } from "../harness.ts";

/** What the program told, and which files the task has in the end. */
async function left(sandbox: "isolate" | "isolate-v8", code: string, files = {}) {
  const row = await runTask(
    {
      prompt: "p",
      sandbox,
      files,
      rehearsal: [
        call("run_code", { code }),
        call("run_code", {
          code: "JSON.stringify(Object.fromEntries(fs.readdirSync('.').filter((f) => !f.startsWith('.') && fs.statSync(f).isFile()).map((f) => [f, fs.readFileSync(f, 'utf8')])))",
        }),
        finish(),
      ],
    },
    { row: { sandbox } },
  );
  const told = (await stepsOf(row.id)).flatMap(({ payload }) =>
    payload.kind === "tool" ? [payload.text] : [],
  );
  return { told: told[0], files: JSON.parse(told[1] ?? "null") as unknown };
}

describe.each(["isolate", "isolate-v8"] as const)("in %s", (sandbox) => {
  test("a tool sees what the program has written", async () => {
    const code = "fs.writeFileSync('a.txt', 'needle'); (await grep_files({ pattern: 'needle' }))";
    expect((await left(sandbox, code)).told).toContain("a.txt");
  });

  test("a tool no longer sees what the program has deleted, and it stays deleted", async () => {
    const code = "fs.unlinkSync('a.txt'); (await list_files({}))";
    const { told, files } = await left(sandbox, code, {
      "a.txt": { text: "x" },
      "b.txt": { text: "y" },
    });
    expect(told).not.toContain("a.txt");
    expect(files).toEqual({ "b.txt": "y" });
  });

  test("the program sees what a tool has written, edited and deleted", async () => {
    const code = `
      await write_file({ path: "new.txt", content: "made" });
      await edit_file({ path: "a.txt", old: "one", new: "two" });
      await delete_file({ path: "b.txt" });
      [fs.readFileSync("new.txt", "utf8"), fs.readFileSync("a.txt", "utf8"), fs.existsSync("b.txt")].join()`;
    const { told, files } = await left(sandbox, code, {
      "a.txt": { text: "one" },
      "b.txt": { text: "y" },
    });
    expect(told).toContain("made,two,false");
    expect(files).toEqual({ "new.txt": "made", "a.txt": "two" });
  });

  test("what a tool made of the program's file is not undone when the program ends", async () => {
    const code = `fs.writeFileSync("a.txt", "draft one"); await edit_file({ path: "a.txt", old: "draft", new: "final" }); 0`;
    expect((await left(sandbox, code)).files).toEqual({ "a.txt": "final one" });
  });

  test("what the program writes after a call is its last word", async () => {
    const code = `
      fs.writeFileSync("a.txt", "1");
      const answer = list_files({});
      fs.writeFileSync("a.txt", "2");
      await answer;
      fs.readFileSync("a.txt", "utf8")`;
    const { told, files } = await left(sandbox, code);
    expect(told).toContain("2");
    expect(files).toEqual({ "a.txt": "2" });
  });

  test("a file that was handed over and then deleted is gone", async () => {
    const code = `fs.writeFileSync("a.txt", "1"); await list_files({}); fs.unlinkSync("a.txt"); 0`;
    expect((await left(sandbox, code)).files).toEqual({});
  });

  test("many calls at once keep every file", async () => {
    const code = `
      await Promise.all(Array.from({ length: 8 }, async (_, n) => {
        fs.writeFileSync("p" + n, String(n));
        await write_file({ path: "t" + n, content: fs.readFileSync("p" + n, "utf8") });
      }));
      fs.readdirSync(".").filter((f) => !f.startsWith(".")).length`;
    const { told, files } = await left(sandbox, code);
    expect(told).toContain("16");
    expect(Object.keys(files as object)).toHaveLength(16);
  });

  test("a folder takes the place of a file that was handed over as deleted", async () => {
    const code = `
      fs.unlinkSync("a");
      await list_files({});
      fs.mkdirSync("a");
      fs.writeFileSync("a/b", "1");
      0`;
    const { told } = await left(sandbox, code, { a: { text: "x" } });
    expect(told).toBe("0");
  });

  test("a program that replaces most files of a full workspace may call tools", async () => {
    const code = `
      for (let n = 0; n < 600; n++) fs.writeFileSync("old" + n, "1");
      await list_files({});
      for (let n = 0; n < 600; n++) fs.unlinkSync("old" + n);
      for (let n = 0; n < 600; n++) fs.writeFileSync("new" + n, "1");
      await list_files({});
      0`;
    const { told, files } = await left(sandbox, code);
    expect(told).toBe("0");
    expect(Object.keys(files as object)).toHaveLength(600);
  });
});
