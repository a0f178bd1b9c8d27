import { describe, expect, test } from "vitest";
import { modelLimits, workspaceLimits } from "../../../shared/limits.ts";
import { textOf, use, workspaceOf } from "../context.ts";

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `line ${from + n}`);

describe("`read_file`", () => {
  const longText = `${numbered(1, 3_000).join("\n")}\n`;

  test.each([
    ["a whole file", "a\nb\n", {}, "1\ta\n2\tb"],
    ["a file without a final line break", "a\nb", {}, "1\ta\n2\tb"],
    ["lines with CRLF", "a\r\nb\r\n", {}, "1\ta\n2\tb"],
    ["an empty line", "a\n\nb", {}, "1\ta\n2\t\n3\tb"],
    [
      "a range",
      "a\nb\nc\nd",
      { offset: 2, limit: 2 },
      "2\tb\n3\tc\n[1 of 4 lines follow: continue with offset 4]",
    ],
    ["a range to the end", "a\nb\nc", { offset: 2 }, "2\tb\n3\tc"],
    ["a range from line 0, as from 1", "a\nb", { offset: 0 }, "1\ta\n2\tb"],
    ["an empty file", "", {}, "f is empty."],
  ])("shows %s", async (_name, content, range, text) => {
    const files = workspaceOf({ f: content });
    expect(await use(files, "read_file", { path: "f", ...range })).toMatchObject({
      ok: true,
      text,
    });
  });

  test("shows a long file in parts within the limit", async () => {
    const files = workspaceOf({ f: longText });
    const received: string[] = [];
    let offset = 1;
    for (let parts = 0; offset > 0 && parts < 20; parts++) {
      const { text } = await use(files, "read_file", { path: "f", offset });
      expect(text.length).toBeLessThanOrEqual(modelLimits.toolOutputCharsMax);
      const lines = text.split("\n").filter((line) => !line.startsWith("["));
      received.push(...lines.map((line) => line.replace(/^\d+\t/, "")));
      offset = Number(/offset (\d+)\]$/.exec(text)?.[1] ?? 0);
    }
    expect(received).toEqual(numbered(1, 3_000));
  });

  test("cuts a line longer than the limit and says how much is left", async () => {
    const files = workspaceOf({ f: `${"👍".repeat(40_000)}\nend` });
    const { text } = await use(files, "read_file", { path: "f" });
    expect(text).toMatch(/more characters of line 1/);
    expect(text).toMatch(/offset 2\]$/);
    expect(text.isWellFormed()).toBe(true);
  });

  test("rejects a range after the end with the number of lines", async () => {
    const files = workspaceOf({ f: "a\nb" });
    const answer = await use(files, "read_file", { path: "f", offset: 9 });
    expect(answer).toMatchObject({ ok: false, text: expect.stringContaining("has 2 lines") });
  });

  test.each([
    ["an image", new Uint8Array([137, 80, 78, 71, 0, 0]), /binary file of 6 bytes/],
    ["Latin-1", new Uint8Array([99, 97, 102, 233]), /not UTF-8 text.*windows-1252/],
    ["UTF-16", new Uint8Array([255, 254, 97, 0]), /binary/],
  ])("rejects %s with its kind", async (_name, bytes, text) => {
    const answer = await use(workspaceOf({ f: bytes }), "read_file", { path: "f" });
    expect(answer).toMatchObject({ ok: false, text: expect.stringMatching(text) });
  });

  test("gives a program the text without line numbers and limits", async () => {
    const answer = await use(workspaceOf({ f: longText }), "read_file", { path: "f" });
    expect(answer.value).toBe(longText);
    const some = await use(workspaceOf({ f: longText }), "read_file", {
      path: "f",
      offset: 2,
      limit: 2,
    });
    expect(some.value).toBe("line 2\nline 3");
  });

  test.each([
    ["a missing file", "nope", /no file "nope".*a\/b\.txt/],
    ["a folder", "a", /is a folder.*a\/b\.txt/],
    ["a path outside the workspace", "../../etc/passwd", /no file/],
    ["a path with NUL", "a/b.txt\0", /no file/],
  ])("rejects %s and lists the files", async (_name, path, text) => {
    const answer = await use(workspaceOf({ "a/b.txt": "x" }), "read_file", { path });
    expect(answer).toMatchObject({ ok: false, text: expect.stringMatching(text) });
  });
});

describe("`edit_file`", () => {
  test("keeps the file's line breaks and its byte order mark", async () => {
    const files = workspaceOf({ f: "\ufeffa\r\nb\r\n" });
    const answer = await use(files, "edit_file", { path: "f", old: "a\nb", new: "x\ny\n$&" });
    expect(answer).toMatchObject({ ok: true, text: "Edited f at line 1." });
    expect(await textOf(files, "f")).toBe("\ufeffx\r\ny\r\n$&\r\n");
  });

  test("rejects an ambiguous edit and leaves the file unchanged", async () => {
    const files = workspaceOf({ f: "a\na\n" });
    const answer = await use(files, "edit_file", { path: "f", old: "a", new: "b" });
    expect(answer).toMatchObject({ ok: false, text: expect.stringContaining("2 times") });
    expect(await textOf(files, "f")).toBe("a\na\n");
  });

  test("rejects a binary file", async () => {
    const files = workspaceOf({ f: new Uint8Array([0, 1]) });
    expect((await use(files, "edit_file", { path: "f", old: "a", new: "b" })).ok).toBe(false);
  });
});

describe("`delete_file`", () => {
  test("deletes a file, and rejects a folder and a missing file", async () => {
    const files = workspaceOf({ "d/a": "1", "d/b": "2" });
    expect(await use(files, "delete_file", { path: "./d/a" })).toMatchObject({ ok: true });
    expect(files.paths()).toEqual(["d/b"]);
    for (const path of ["d", "d/a", ""]) {
      expect((await use(files, "delete_file", { path })).ok).toBe(false);
    }
  });
});

describe("`find_files`", () => {
  const files = workspaceOf(
    Object.fromEntries(
      ["a.csv", "b.txt", "data/c.csv", "data/deep/d.csv", "data/e.json", ".env", "x[1].txt"].map(
        (path) => [path, ""],
      ),
    ),
  );

  test.each([
    ["*.csv", ["a.csv", "data/c.csv", "data/deep/d.csv"]],
    ["**/*.csv", ["a.csv", "data/c.csv", "data/deep/d.csv"]],
    ["data/*.csv", ["data/c.csv"]],
    ["data/**", ["data/c.csv", "data/deep/d.csv", "data/e.json"]],
    ["/data/*.{csv,json}", ["data/c.csv", "data/e.json"]],
    ["./?.txt", ["b.txt"]],
    ["[ab].*", ["a.csv", "b.txt"]],
    [".env", [".env"]],
    ["*", [".env", "a.csv", "b.txt", "data/c.csv", "data/deep/d.csv", "data/e.json", "x[1].txt"]],
    ["../*", []],
    ["nothing/*", []],
  ])("finds the matches of %s", async (glob, matches) => {
    const answer = await use(files, "find_files", { glob });
    expect(answer.value).toEqual(matches);
    expect(answer.text).toBe(matches.join("\n") || `No file matches "${glob}".`);
  });

  test("stops a glob that backtracks without end", async () => {
    const hard = workspaceOf({ [`${"a".repeat(500)}`]: "" });
    const answer = await use(hard, "find_files", { glob: `${"*a".repeat(12)}b` });
    expect(answer).toMatchObject({ ok: false, text: expect.stringContaining("stopped") });
  });
});

test("many long paths are listed up to the limit, and the others are counted", async () => {
  const files = workspaceOf(
    Object.fromEntries(
      Array.from({ length: workspaceLimits.filesMax }, (_, n) => [`${n}-${"x".repeat(400)}`, ""]),
    ),
  );
  for (const [tool, input] of [
    ["list_files", {}],
    ["find_files", { glob: "*x" }],
  ] as const) {
    const answer = await use(files, tool, input);
    expect(answer.value).toHaveLength(workspaceLimits.filesMax);
    expect(answer.text.length).toBeLessThanOrEqual(modelLimits.toolOutputCharsMax);
    expect(answer.text).toMatch(/\[\d+ more files/);
  }
});

describe("`list_files`", () => {
  const files = workspaceOf({ "a.txt": "", "d/b.txt": "", "dd/c.txt": "" });
  test.each([
    [undefined, "a.txt\nd/b.txt\ndd/c.txt"],
    [".", "a.txt\nd/b.txt\ndd/c.txt"],
    ["/", "a.txt\nd/b.txt\ndd/c.txt"],
    ["d", "d/b.txt"],
    ["./d/", "d/b.txt"],
    ["a.txt", "a.txt"],
    ["nope", 'There is no file below "nope".'],
  ])("lists the files below %s", async (path, text) => {
    const answer = await use(files, "list_files", path === undefined ? {} : { path });
    expect(answer.text).toBe(text);
  });

  test("says that the workspace is empty", async () => {
    expect((await use(workspaceOf({}), "list_files", {})).text).toBe("The workspace is empty.");
  });
});

describe("`grep_files`", () => {
  const files = workspaceOf({
    "a.log": "one\nERROR two\r\nthree\n",
    "d/b.log": "error four\nERROR five",
    "d/pic": new Uint8Array([0, 69]),
  });

  test.each([
    ["ERROR", {}, "a.log:2:ERROR two\nd/b.log:2:ERROR five\n[1 binary files were not searched]"],
    ["(?i)error", { path: "d/b.log" }, "d/b.log:1:error four\nd/b.log:2:ERROR five"],
    ["^t.*e$", { path: "a.log" }, "a.log:3:three"],
    ["o$", { path: "a.log" }, "a.log:2:ERROR two"],
    ["\\d", { path: "/d/b.log" }, "No line matches."],
    ["E", { path: "a.log", offset: 1 }, "No further match."],
  ])("finds %s with %j", async (pattern, overrides, text) => {
    expect(await use(files, "grep_files", { pattern, ...overrides })).toMatchObject({
      ok: true,
      text,
    });
  });

  test("gives a program the matches as values", async () => {
    const answer = await use(files, "grep_files", { pattern: "two" });
    expect(answer.value).toEqual([{ path: "a.log", line: 2, text: "ERROR two" }]);
  });

  test.each([
    ["an invalid expression", "(", /^"\(" is not a regular expression: /],
    ["an expression that backtracks without end", "^(a+)+$", /stopped/],
  ])("rejects %s", async (_name, pattern, text) => {
    const hard = workspaceOf({ f: `${"a".repeat(60)}b` });
    const answer = await use(hard, "grep_files", { pattern });
    expect(answer).toMatchObject({ ok: false, text: expect.stringMatching(text) });
  });

  test("shows many matches in parts, with the line numbers of the whole file", async () => {
    const lines = Array.from({ length: 60_000 }, (_, n) => `row ${n + 1} ${"x".repeat(20)}`);
    const large = workspaceOf({ f: lines.join("\n") });
    const first = await use(large, "grep_files", { pattern: "^row \\d*00 " });
    expect(first.value).toHaveLength(workspaceLimits.matchesShownMax);
    expect(first.text).toMatch(/offset 100\]$/);
    expect(first.text.length).toBeLessThanOrEqual(modelLimits.toolOutputCharsMax);
    const last = await use(large, "grep_files", { pattern: "^row \\d*00 ", offset: 599 });
    expect(last.text).toBe(`f:60000:row 60000 ${"x".repeat(20)}`);
  });

  test("shows a long line around its match", async () => {
    const wide = workspaceOf({ f: `${"a".repeat(5_000)}NEEDLE${"b".repeat(5_000)}` });
    const { text } = await use(wide, "grep_files", { pattern: "NEEDLE" });
    expect(text).toMatch(/^f:1:…a+NEEDLEb+…$/);
    expect(text.length).toBeLessThan(200);
  });
});
