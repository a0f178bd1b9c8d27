/** A program and the tools that it calls share one workspace: each sees at once what the other wrote. */
import { describe, expect, test } from "vitest";
import { finalAnswer, readSteps, runTask, toolCall } from "../harness.ts";

/** The program's output, and the files that the task has at the end. */
async function runProgram(sandbox: "isolate" | "isolate-v8", code: string, files = {}) {
  const row = await runTask(
    {
      prompt: "p",
      sandbox,
      files,
      rehearsal: [
        toolCall("run_code", { code }),
        toolCall("run_code", {
          code: "JSON.stringify(Object.fromEntries(fs.readdirSync('.').filter((f) => !f.startsWith('.') && fs.statSync(f).isFile()).map((f) => [f, fs.readFileSync(f, 'utf8')])))",
        }),
        finalAnswer(),
      ],
    },
    { row: { sandbox } },
  );
  const outputs = (await readSteps(row.id)).flatMap(({ payload }) =>
    payload.kind === "tool" ? [payload.text] : [],
  );
  return { output: outputs[0], files: JSON.parse(outputs[1] ?? "null") as unknown };
}

describe.each(["isolate", "isolate-v8"] as const)("with the sandbox %s", (sandbox) => {
  test("a tool sees what the program wrote", async () => {
    const code = "fs.writeFileSync('a.txt', 'needle'); (await grep_files({ pattern: 'needle' }))";
    expect((await runProgram(sandbox, code)).output).toContain("a.txt");
  });

  test("a file that the program deleted is gone for tools and stays deleted", async () => {
    const code = "fs.unlinkSync('a.txt'); (await list_files({}))";
    const { output, files } = await runProgram(sandbox, code, {
      "a.txt": { text: "x" },
      "b.txt": { text: "y" },
    });
    expect(output).not.toContain("a.txt");
    expect(files).toEqual({ "b.txt": "y" });
  });

  test("the program sees what a tool wrote, edited and deleted", async () => {
    const code = `
      await write_file({ path: "new.txt", content: "made" });
      await edit_file({ path: "a.txt", old: "one", new: "two" });
      await delete_file({ path: "b.txt" });
      [fs.readFileSync("new.txt", "utf8"), fs.readFileSync("a.txt", "utf8"), fs.existsSync("b.txt")].join()`;
    const { output, files } = await runProgram(sandbox, code, {
      "a.txt": { text: "one" },
      "b.txt": { text: "y" },
    });
    expect(output).toContain("made,two,false");
    expect(files).toEqual({ "new.txt": "made", "a.txt": "two" });
  });

  test("a tool's edit of the program's file is kept when the program ends", async () => {
    const code = `fs.writeFileSync("a.txt", "draft one"); await edit_file({ path: "a.txt", old: "draft", new: "final" }); 0`;
    expect((await runProgram(sandbox, code)).files).toEqual({ "a.txt": "final one" });
  });

  test("what the program writes during a call is kept", async () => {
    const code = `
      fs.writeFileSync("a.txt", "1");
      const answer = list_files({});
      fs.writeFileSync("a.txt", "2");
      await answer;
      fs.readFileSync("a.txt", "utf8")`;
    const { output, files } = await runProgram(sandbox, code);
    expect(output).toContain("2");
    expect(files).toEqual({ "a.txt": "2" });
  });

  test("a file that was synced and then deleted is gone", async () => {
    const code = `fs.writeFileSync("a.txt", "1"); await list_files({}); fs.unlinkSync("a.txt"); 0`;
    expect((await runProgram(sandbox, code)).files).toEqual({});
  });

  test("concurrent calls keep every file", async () => {
    const code = `
      await Promise.all(Array.from({ length: 8 }, async (_, n) => {
        fs.writeFileSync("p" + n, String(n));
        await write_file({ path: "t" + n, content: fs.readFileSync("p" + n, "utf8") });
      }));
      fs.readdirSync(".").filter((f) => !f.startsWith(".")).length`;
    const { output, files } = await runProgram(sandbox, code);
    expect(output).toContain("16");
    expect(Object.keys(files as object)).toHaveLength(16);
  });

  test("a folder can replace a file whose deletion was synced", async () => {
    const code = `
      fs.unlinkSync("a");
      await list_files({});
      fs.mkdirSync("a");
      fs.writeFileSync("a/b", "1");
      0`;
    const { output } = await runProgram(sandbox, code, { a: { text: "x" } });
    expect(output).toBe("0");
  });

  test("a program that replaces most files of a full workspace may call tools", async () => {
    const code = `
      for (let n = 0; n < 600; n++) fs.writeFileSync("old" + n, "1");
      await list_files({});
      for (let n = 0; n < 600; n++) fs.unlinkSync("old" + n);
      for (let n = 0; n < 600; n++) fs.writeFileSync("new" + n, "1");
      await list_files({});
      0`;
    const { output, files } = await runProgram(sandbox, code);
    expect(output).toBe("0");
    expect(Object.keys(files as object)).toHaveLength(600);
  });
});
