/**
 * One-liners as agents write them for Node, each with what Node 26 prints (habits/record.ts). What the sandbox
 * does not have is refused with a sentence that names what to use instead.
 */
import { expect, test } from "vitest";
import files from "../habits/files.json";
import recorded from "../habits/recorded.json";
import { run } from "../running.ts";

const workspace = Object.fromEntries(files as [string, string][]);

test("there are at least 400 habits, none twice", () => {
  expect(new Set(recorded.map(({ code }) => code)).size).toBe(recorded.length);
  expect(recorded.length).toBeGreaterThanOrEqual(400);
});

test.each(recorded)("a habit of $area prints what Node prints: $code", async ({ code, output }) => {
  const { logs, error } = await run(code, { files: workspace });
  expect(error).toBeNull();
  expect(logs.trimEnd()).toBe(output);
});

const rejectedCases: [code: string, sentence: RegExp][] = [
  [
    "require('child_process').execSync('ls')",
    /Programs, threads and virtual machines cannot be started/,
  ],
  ["require('vm').runInNewContext('1')", /cannot be started in the sandbox/],
  ["import http from 'http'", /for HTTP use fetch\(\)/],
  ["import axios from 'axios'", /for HTTP use fetch\(\)/],
  ["require('net').connect(80)", /for HTTP use fetch\(\)/],
  ["import x from 'npm:lodash'", /Packages: .*lodash/],
  ["await import('https://esm.sh/lodash')", /Packages: .*lodash/],
  ["require('express')", /Available: .*packages .*papaparse/],
  ["require('./nope.js')", /The workspace has no such file/],
  ["require('crypto').generateKeyPairSync('rsa')", /use crypto\.subtle/],
  ["fs.symlinkSync('a', 'b')", /the workspace has no links/],
  ["fs.watch('a')", /sends no events/],
  [
    "new (require('async_hooks').AsyncLocalStorage)()",
    /AsyncLocalStorage is not available in the sandbox/,
  ],
];

test.each(rejectedCases)("%s is refused with a sentence that helps", async (code, sentence) => {
  const { error } = await run(code);
  expect(error?.message).toMatch(sentence);
});
