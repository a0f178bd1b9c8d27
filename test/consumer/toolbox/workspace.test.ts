import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { Workspace } from "../../../consumer/toolbox/workspace.ts";
import { workspaceLimits } from "../../../shared/limits.ts";
import { sha256Hex } from "../../../shared/objects.ts";
import { call, finish, runTask, stepsOf } from "../harness.ts";

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

/** The bucket, counting what is asked of it at once and which keys are put. */
function counting(): { bucket: R2Bucket; most: () => number; puts: string[]; gets: string[] } {
  let now = 0;
  let most = 0;
  const puts: string[] = [];
  const gets: string[] = [];
  const counted = async <T>(work: () => Promise<T>): Promise<T> => {
    now += 1;
    most = Math.max(most, now);
    try {
      return await work();
    } finally {
      now -= 1;
    }
  };
  const bucket = {
    get(key: string) {
      gets.push(key);
      return counted(() => env.OBJECTS.get(key));
    },
    put(key: string, value: Uint8Array, options: R2PutOptions) {
      puts.push(key);
      return counted(() => env.OBJECTS.put(key, value, options));
    },
  };
  return { bucket: bucket as unknown as R2Bucket, most: () => most, puts, gets };
}

test("a full workspace is stored a few files at once, each content once, and read back only where it is asked", async () => {
  const { bucket, most, puts, gets } = counting();
  const made = new Workspace(bucket, "default", "full");
  const names = Array.from({ length: workspaceLimits.filesMax }, (_, n) => `d${n % 10}/f${n}`);
  const contents = new Map(names.map((name, n) => [name, bytes(`content ${n % 100}`)]));
  expect(made.apply(contents)).toBeNull();
  expect(made.write("one more", bytes("x"))).toContain("its limit");
  const change = await made.checkpoint();
  expect(Object.keys(change ?? {})).toHaveLength(workspaceLimits.filesMax);
  expect(puts).toHaveLength(100);
  expect(new Set(puts).size).toBe(100);
  expect(most()).toBeLessThanOrEqual(workspaceLimits.callsAtOnceMax);

  const read = new Workspace(bucket, "default", "full");
  read.layOut({}, [change ?? {}]);
  expect(new TextDecoder().decode((await read.read("d7/f137")) ?? undefined)).toBe("content 37");
  await read.read("d7/f137");
  expect(gets).toHaveLength(1);
  const all = await read.all();
  expect([...all.keys()]).toEqual([...names].sort());
  expect(gets).toHaveLength(workspaceLimits.filesMax);
  expect(most()).toBeLessThanOrEqual(workspaceLimits.callsAtOnceMax);
}, 20_000);

test("inputs in R2 that are together too large are not all read into memory", async () => {
  const { bucket, gets } = counting();
  await env.OBJECTS.put("inputs/default/half", new Uint8Array(workspaceLimits.fileBytesMax));
  const files = new Workspace(bucket, "default", "t");
  const inputs = Array.from({ length: 40 }, (_, n) => [`f${n}`, { r2: "half" }] as const);
  files.layOut(Object.fromEntries(inputs), []);
  await expect(files.all()).rejects.toThrow("together more than");
  expect(gets.length).toBeLessThan(12);
  expect((await files.read("f39"))?.byteLength).toBe(workspaceLimits.fileBytesMax);
});

test("a file that comes and goes within one step is nothing that the journal keeps", async () => {
  const files = new Workspace(env.OBJECTS, "default", "t");
  files.layOut({ input: { text: "x" } }, []);
  files.write("kept", bytes("1"));
  await files.checkpoint();
  for (const path of ["made", "kept", "input"]) files.write(path, bytes("2"));
  const { mark } = files;
  files.apply(new Map([["made", null]]));
  for (const path of ["kept", "input"]) files.delete(path);
  expect([...files.changedSince(mark).keys()].sort()).toEqual(["input", "kept", "made"]);
  expect(await files.checkpoint()).toEqual({ kept: null, input: null });
  files.write("kept", bytes("3"));
  files.delete("kept");
  expect(await files.checkpoint()).toBeUndefined();
});

test("one step changes files under so many names at most, and the next one begins anew", async () => {
  const files = new Workspace(env.OBJECTS, "default", "t");
  const { filesMax, namesPerStepMax } = workspaceLimits;
  const page = (at: number) => Array.from({ length: filesMax }, (_, n) => `${at}-${n}`);
  const all = (paths: string[], to: Uint8Array | null) => new Map(paths.map((path) => [path, to]));
  for (let at = 0; at < namesPerStepMax / filesMax; at += 1) {
    expect(files.apply(all(page(at), bytes("x")))).toBeNull();
    expect(files.apply(all(page(at), null))).toBeNull();
  }
  expect(files.write("one-more", bytes("x"))).toContain("another step");
  expect(files.paths()).toEqual([]);
  await files.checkpoint();
  expect(files.write("one-more", bytes("x"))).toBeNull();
});
