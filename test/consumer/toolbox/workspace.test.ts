import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { Workspace, type WriteResult } from "../../../consumer/toolbox/workspace.ts";
import { sha256Hex } from "../../../shared/files/objects.ts";
import { workspaceLimits } from "../../../shared/limits.ts";
import { finalAnswer, readSteps, runTask, toolCall } from "../harness.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const errorOf = (result: WriteResult) => (result.ok ? "" : result.error);

test("an unread input in R2 is listed with its hash and size", async () => {
  await env.OBJECTS.put("inputs/default/unread", "not touched");
  const files = new Workspace(env.OBJECTS, "default", "t");
  files.load({ a: { r2: "unread" }, b: { text: "inline" } }, []);
  expect(await files.manifest()).toEqual({
    a: { bytes: 11, sha256: await sha256Hex(bytes("not touched")), source: "input" },
    b: { bytes: 6, sha256: await sha256Hex(bytes("inline")), source: "input" },
  });
});

test("reading an input that is larger than a file may be fails with its size", async () => {
  await env.OBJECTS.put("inputs/default/big", new Uint8Array(workspaceLimits.fileBytesMax + 1));
  const row = await runTask({
    prompt: "p",
    files: { big: { r2: "big" } },
    rehearsal: [toolCall("read_file", { path: "big" }), finalAnswer()],
  });
  const read = (await readSteps(row.id)).find((step) => step.name === "read_file");
  expect(read?.status).toBe("failed");
  expect(read?.payload.kind === "tool" && read.payload.text).toContain("8000001 bytes");
});

test("a step can read what an earlier step wrote, and the result lists it", async () => {
  const row = await runTask({
    prompt: "p",
    rehearsal: [
      toolCall("write_file", { path: "./out/a.txt", content: "kept" }),
      toolCall("run_code", { code: "fs.readFileSync('out/a.txt', 'utf8')" }),
      finalAnswer(),
    ],
  });
  const ran = (await readSteps(row.id)).find((step) => step.name === "run_code");
  expect(ran?.payload).toMatchObject({ text: "kept" });
  const object = await env.OBJECTS.get(row.result_key ?? "");
  expect(await object?.json()).toMatchObject({ files: { "out/a.txt": { bytes: 4 } } });
});

test.each(["../a", "a/../b", "__proto__", "a/__proto__/b", "a\\b", "", "/"])(
  "%j is not a path in the workspace",
  (path) => {
    const files = new Workspace(env.OBJECTS, "default", "t");
    expect(errorOf(files.write(path, bytes("x")))).toContain("not a path");
    expect(files.paths()).toEqual([]);
  },
);

test.each<[string, Record<string, string | null>, RegExp]>([
  ["a file below a file", { "a/b": "x" }, /"a" is a file/],
  ["a file where a folder is", { d: "x" }, /"d" is a folder/],
  ["both at once", { n: "x", "n/m": "x" }, /"n" is a (file|folder)/],
  ["one bad path among good ones", { good: "x", "../bad": "x" }, /not a path/],
])("%s is rejected as a whole", (_name, changes, error) => {
  const files = new Workspace(env.OBJECTS, "default", "t");
  expect(
    files.apply(
      new Map([
        ["a", bytes("1")],
        ["d/e", bytes("2")],
      ]),
    ).ok,
  ).toBe(true);
  const expected = Object.entries(changes).map(
    ([path, text]) => [path, text === null ? null : bytes(text)] as const,
  );
  expect(errorOf(files.apply(new Map(expected)))).toMatch(error);
  expect(files.paths()).toEqual(["a", "d/e"]);
});

test("a change may write what its own deletions make room for, in any order", () => {
  const files = new Workspace(env.OBJECTS, "default", "t");
  const half = new Uint8Array(workspaceLimits.fileBytesMax);
  expect(
    files.apply(
      new Map([
        ["a", half],
        ["b", half],
      ]),
    ).ok,
  ).toBe(true);
  expect(errorOf(files.write("c", bytes("x")))).toContain("bytes in all");
  expect(
    files.apply(
      new Map([
        ["c", half],
        ["a", null],
      ]),
    ).ok,
  ).toBe(true);
  expect(
    files.apply(
      new Map([
        ["b/x", bytes("x")],
        ["b", null],
      ]),
    ).ok,
  ).toBe(true);
  expect(files.paths()).toEqual(["b/x", "c"]);
});

/** The bucket, with its concurrent calls counted and its keys recorded. */
function countingBucket(): {
  bucket: R2Bucket;
  concurrentMax: () => number;
  puts: string[];
  gets: string[];
} {
  let now = 0;
  let concurrentMax = 0;
  const puts: string[] = [];
  const gets: string[] = [];
  const countReads = async <T>(work: () => Promise<T>): Promise<T> => {
    now += 1;
    concurrentMax = Math.max(concurrentMax, now);
    try {
      return await work();
    } finally {
      now -= 1;
    }
  };
  const bucket = {
    get(key: string) {
      gets.push(key);
      return countReads(() => env.OBJECTS.get(key));
    },
    put(key: string, value: Uint8Array, options: R2PutOptions) {
      puts.push(key);
      return countReads(() => env.OBJECTS.put(key, value, options));
    },
  };
  return { bucket: bucket as unknown as R2Bucket, concurrentMax: () => concurrentMax, puts, gets };
}

test("a full workspace is stored a few files at a time, each content once, and read only on demand", async () => {
  const { bucket, concurrentMax, puts, gets } = countingBucket();
  const workspace = new Workspace(bucket, "default", "full");
  const names = Array.from({ length: workspaceLimits.filesMax }, (_, n) => `d${n % 10}/f${n}`);
  const contents = new Map(names.map((name, n) => [name, bytes(`content ${n % 100}`)]));
  expect(workspace.apply(contents).ok).toBe(true);
  expect(errorOf(workspace.write("one more", bytes("x")))).toContain("its limit");
  const change = await workspace.checkpoint();
  expect(Object.keys(change ?? {})).toHaveLength(workspaceLimits.filesMax);
  expect(puts).toHaveLength(100);
  expect(new Set(puts).size).toBe(100);
  expect(concurrentMax()).toBeLessThanOrEqual(workspaceLimits.callsAtOnceMax);

  const read = new Workspace(bucket, "default", "full");
  read.load({}, [change ?? {}]);
  expect(new TextDecoder().decode((await read.read("d7/f137")) ?? undefined)).toBe("content 37");
  await read.read("d7/f137");
  expect(gets).toHaveLength(1);
  const files = await read.readAll();
  expect([...files.keys()]).toEqual([...names].sort());
  expect(gets).toHaveLength(workspaceLimits.filesMax);
  expect(concurrentMax()).toBeLessThanOrEqual(workspaceLimits.callsAtOnceMax);
}, 20_000);

test("inputs in R2 that are too large together are not all read into memory", async () => {
  const { bucket, gets } = countingBucket();
  await env.OBJECTS.put("inputs/default/half", new Uint8Array(workspaceLimits.fileBytesMax));
  const fullWorkspace = new Workspace(bucket, "default", "t");
  fullWorkspace.load({ a: { r2: "half" }, b: { r2: "half" } }, []);
  expect((await fullWorkspace.readAll()).size).toBe(2);
  gets.length = 0;
  const files = new Workspace(bucket, "default", "t");
  const inputs = Array.from({ length: 40 }, (_, n) => [`f${n}`, { r2: "half" }] as const);
  files.load(Object.fromEntries(inputs), []);
  await expect(files.readAll()).rejects.toThrow("together more than");
  expect(gets.length).toBeLessThan(12);
  expect((await files.read("f39"))?.byteLength).toBe(workspaceLimits.fileBytesMax);
});

test("a file that is created and deleted within one step is not journaled", async () => {
  const files = new Workspace(env.OBJECTS, "default", "t");
  files.load({ input: { text: "x" } }, []);
  files.write("kept", bytes("1"));
  await files.checkpoint();
  for (const path of ["made", "kept", "input"]) files.write(path, bytes("2"));
  const { changeCount } = files;
  files.apply(new Map([["made", null]]));
  for (const path of ["kept", "input"]) files.remove(path);
  expect([...files.changedSince(changeCount).keys()].sort()).toEqual(["input", "kept", "made"]);
  expect(await files.checkpoint()).toEqual({ kept: null, input: null });
  files.write("kept", bytes("3"));
  files.remove("kept");
  expect(await files.checkpoint()).toBeUndefined();
});

test("a step may change files under a limited number of names, and the next step starts from zero", async () => {
  const files = new Workspace(env.OBJECTS, "default", "t");
  const { filesMax, namesPerStepMax } = workspaceLimits;
  const page = (page: number) => Array.from({ length: filesMax }, (_, n) => `${page}-${n}`);
  const changesOf = (paths: string[], to: Uint8Array | null) =>
    new Map(paths.map((path) => [path, to]));
  for (let offset = 0; offset < namesPerStepMax / filesMax; offset += 1) {
    expect(files.apply(changesOf(page(offset), bytes("x"))).ok).toBe(true);
    expect(files.apply(changesOf(page(offset), null)).ok).toBe(true);
  }
  expect(errorOf(files.write("one-more", bytes("x")))).toContain("another step");
  expect(files.paths()).toEqual([]);
  await files.checkpoint();
  expect(files.write("one-more", bytes("x")).ok).toBe(true);
});
