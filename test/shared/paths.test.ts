import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foldersOf, normalisePath } from "../../shared/files/paths.ts";
import { workspaceLimits } from "../../shared/limits.ts";

describe("a workspace path is normalised", () => {
  test.each([
    ["a.txt", "a.txt"],
    ["data/orders.csv", "data/orders.csv"],
    ["/data/orders.csv", "data/orders.csv"],
    ["./data/./orders.csv", "data/orders.csv"],
    ["data//orders.csv", "data/orders.csv"],
    ["data/", "data"],
    ["...", "..."],
    ["a..b/c", "a..b/c"],
    [" spaced name ", " spaced name "],
    ["grüße/日本.txt", "grüße/日本.txt"],
    ["cafe\u0301.txt", "café.txt"],
    ["👩\u200d👧.txt", "👩\u200d👧.txt"],
    ["．．/a", "．．/a"],
  ])("%j becomes %j", (text, path) => {
    expect(normalisePath(text)).toBe(path);
  });

  test.each([
    [""],
    ["/"],
    ["."],
    ["./"],
    [".."],
    ["../etc/passwd"],
    ["a/../../b"],
    ["a/.."],
    ["a\\b"],
    ["..\\a"],
    ["a\0b"],
    ["a\nb"],
    ["a\u0085b"],
    ["\ud800"],
    ["a\u202etxt.exe"],
    ["a\u2066b"],
    ["a\u200bb"],
    ["\ufeffa"],
    ["a\u2028b"],
    ["e\u0301".repeat(workspaceLimits.pathCharsMax)],
    ["x".repeat(workspaceLimits.pathCharsMax + 1)],
  ])("%j is rejected", (text) => {
    expect(normalisePath(text)).toBeNull();
  });
});

const pieces = fc.array(
  fc.oneof(fc.constantFrom("/", ".", "..", "\\", "\0", "a", "ü"), fc.string({ maxLength: 4 })),
  { maxLength: 10 },
);

test("an accepted path is relative, stays inside the workspace and is already normal", () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const path = normalisePath(parts.join(""));
      if (path === null) return;
      expect(normalisePath(path)).toBe(path);
      expect(path.split("/").filter((part) => ["", ".", ".."].includes(part))).toEqual([]);
      expect(
        new URL(path.split("/").map(encodeURIComponent).join("/"), "file:///w/").pathname,
      ).toMatch(/^\/w\/./);
    }),
  );
});

test.each([
  ["a", []],
  ["a/b", ["a"]],
  ["a/b/c.txt", ["a/b", "a"]],
])("%j is in the folders %j", (path, folders) => {
  expect(foldersOf(path)).toEqual(folders);
});
