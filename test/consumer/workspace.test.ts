import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { Workspace } from "../../consumer/workspace.ts";
import { workspaceLimits } from "../../shared/limits.ts";
import { sha256Hex } from "../../shared/objects.ts";
import { call, finish, runTask, stepsOf } from "./harness.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("an input in R2 that nobody read is listed with its hash and its size", async () => {
  await env.OBJECTS.put("inputs/default/quiet", "not touched");
  const files = new Workspace(env.OBJECTS, "default", "t");
  files.layOut({ a: { r2: "quiet" }, b: { text: "inline" } }, []);
  expect(await files.manifest()).toEqual({
    a: { bytes: 11, sha256: await sha256Hex(bytes("not touched")), source: "input" },
    b: { bytes: 6, sha256: await sha256Hex(bytes("inline")), source: "input" },
  });
});

test("an input that is larger than a file may be is refused with its size", async () => {
  await env.OBJECTS.put("inputs/default/big", new Uint8Array(workspaceLimits.fileBytesMax + 1));
  const row = await runTask({
    prompt: "p",
    files: { big: { r2: "big" } },
    rehearsal: [call("read_file", { path: "big" }), finish()],
  });
  const read = (await stepsOf(row.id)).find((step) => step.name === "read_file");
  expect(read?.status).toBe("failed");
  expect(read?.payload.kind === "tool" && read.payload.text).toContain("8000001 bytes");
});

test("what one step wrote the next one reads, and the result names it", async () => {
  const row = await runTask({
    prompt: "p",
    rehearsal: [
      call("write_file", { path: "./out/a.txt", content: "kept" }),
      call("run_code", { code: "fs.readFileSync('out/a.txt', 'utf8')" }),
      finish(),
    ],
  });
  const ran = (await stepsOf(row.id)).find((step) => step.name === "run_code");
  expect(ran?.payload).toMatchObject({ text: "kept" });
  const object = await env.OBJECTS.get(row.result_key ?? "");
  expect(await object?.json()).toMatchObject({ files: { "out/a.txt": { bytes: 4 } } });
});

test.each(["../a", "a/../b", "__proto__", "a/__proto__/b", "a\\b", "", "/"])(
  "%j is no path in the workspace",
  (path) => {
    const files = new Workspace(env.OBJECTS, "default", "t");
    expect(files.write(path, bytes("x"))).toContain("not a path");
    expect(files.paths()).toEqual([]);
  },
);

test.each<[string, Record<string, string | null>, RegExp]>([
  ["a file below a file", { "a/b": "x" }, /"a" is a file/],
  ["a file where a folder is", { d: "x" }, /"d" is a folder/],
  ["both at once", { n: "x", "n/m": "x" }, /"n" is a (file|folder)/],
  ["one bad path among good ones", { good: "x", "../bad": "x" }, /not a path/],
])("%s is refused, and nothing of it is kept", (_name, changes, refusal) => {
  const files = new Workspace(env.OBJECTS, "default", "t");
  expect(
    files.apply(
      new Map([
        ["a", bytes("1")],
        ["d/e", bytes("2")],
      ]),
    ),
  ).toBeNull();
  const wanted = Object.entries(changes).map(
    ([path, text]) => [path, text === null ? null : bytes(text)] as const,
  );
  expect(files.apply(new Map(wanted))).toMatch(refusal);
  expect(files.paths()).toEqual(["a", "d/e"]);
});

test("what a change makes room for fits, whatever its order", () => {
  const files = new Workspace(env.OBJECTS, "default", "t");
  const half = new Uint8Array(workspaceLimits.fileBytesMax);
  expect(
    files.apply(
      new Map([
        ["a", half],
        ["b", half],
      ]),
    ),
  ).toBeNull();
  expect(files.write("c", bytes("x"))).toContain("bytes in all");
  expect(
    files.apply(
      new Map([
        ["c", half],
        ["a", null],
      ]),
    ),
  ).toBeNull();
  expect(
    files.apply(
      new Map([
        ["b/x", bytes("x")],
        ["b", null],
      ]),
    ),
  ).toBeNull();
  expect(files.paths()).toEqual(["b/x", "c"]);
});
